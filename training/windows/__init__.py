"""Real windows: parts of real acquisitions with or without known off-sample area."""
