"""The blend: networks and context features, stacked on held-out images."""
