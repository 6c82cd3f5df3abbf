"""Patterns: the noise-free intensities of one ion over one scene."""
