"""The dataset report: one HTML file with all ion images of a dataset and what was predicted of them."""
