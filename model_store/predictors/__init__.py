"""What runs a release on network inputs, one module an engine."""
