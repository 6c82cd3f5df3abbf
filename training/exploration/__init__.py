"""Exploration: the pictures by which the 2018 report looks at one dataset with all its ions."""
