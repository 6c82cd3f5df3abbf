"""Evaluation of predicted sample masks, and fitting of the mask rule."""
