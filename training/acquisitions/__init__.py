"""Whole real acquisitions: their ion images, labels, regions and series, and the folds that keep series together."""
