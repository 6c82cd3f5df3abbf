"""Whole real acquisitions: their ion images, labels, regions and series, and folds that keep series together."""
