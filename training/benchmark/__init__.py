"""The frozen benchmark: recipes and releases judged on semi-synthetic images that no fit sees the sources of."""
