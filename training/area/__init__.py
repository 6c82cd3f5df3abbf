"""Area networks: whether a dataset has off-sample area, and which of its ions are off-sample given that it has."""
