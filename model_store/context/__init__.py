"""A dataset's context: its predicted sample mask, what context networks see of it, and the blend."""
