"""Real windows: parts of real acquisitions of which it is known whether they hold off-sample area."""
