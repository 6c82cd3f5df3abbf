"""Send events and read their answers from Python."""
