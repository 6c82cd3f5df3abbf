"""What an event may make a worker read: roots on disk, prefixes of stores, and their URIs."""
