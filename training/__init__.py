"""How a release is made and evaluated."""
