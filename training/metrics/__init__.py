"""Numbers that say how good predictions are, with their intervals."""
