"""Opening untrusted files and folders below a root, reading within limits, and writing files atomically."""
