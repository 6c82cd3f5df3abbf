"""What must be right before a worker starts: server, permissions, release, folders, stores, settings."""
