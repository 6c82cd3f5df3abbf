"""Predictors, which run a release on network inputs; one module for each engine."""
