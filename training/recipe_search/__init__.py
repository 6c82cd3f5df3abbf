"""Recipe search: variants of the default recipe on the same grouped folds of semi-synthetic images."""
