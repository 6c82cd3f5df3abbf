"""What a person names on a command line, and which datasets that is."""
