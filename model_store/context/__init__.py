"""A dataset's context: its predicted sample mask, the input of context networks, and the blend."""
