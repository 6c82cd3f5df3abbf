"""Stores beyond the local disk: which may be reached, how they are read, and what their failures mean."""
