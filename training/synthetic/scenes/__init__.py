"""Scenes: where the sample lies in the image, and which pixels are measured."""
