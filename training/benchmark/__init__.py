"""The frozen benchmark: semi-synthetic images, from sources that no fit uses, to evaluate recipes and releases on."""
