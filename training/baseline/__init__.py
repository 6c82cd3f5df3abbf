"""The 2018 report's baseline: classify pixels, then label ion images by the mask that they form."""
