"""Realism: simple statistics of whole datasets, semi-synthetic ones beside real ones."""
