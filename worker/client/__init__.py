"""For programs that send events and read their answers."""
