"""Realism: simple statistics of whole datasets, semi-synthetic next to real."""
