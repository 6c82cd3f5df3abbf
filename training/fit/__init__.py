"""How one network and one ensemble are fitted: recipe, epochs, settings, and the folder of a run."""
