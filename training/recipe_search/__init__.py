"""The search for the default recipe: variants of it on the same grouped folds of semi-synthetic images."""
