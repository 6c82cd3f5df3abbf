"""Labelled ion images of other people: read, checked, counted."""
