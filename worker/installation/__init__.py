"""Installs releases from folders, HTTP servers and buckets."""
