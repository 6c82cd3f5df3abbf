"""Area networks at work: whether a dataset has off-sample area, from all its ion images in two passes."""
