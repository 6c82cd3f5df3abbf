"""Fitting of networks and ensembles: recipe, epochs, settings and run folder."""
