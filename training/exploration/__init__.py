"""Exploration: the figures of the 2018 report for one dataset with all its ions."""
