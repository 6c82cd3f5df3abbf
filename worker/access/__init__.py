"""What a worker may read for an event: allowed roots on disk, allowed stores, and their URIs."""
