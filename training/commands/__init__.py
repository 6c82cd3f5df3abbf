"""Commands of `python -m training` that have a file of their own."""
