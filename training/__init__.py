"""How a release is made and judged."""
