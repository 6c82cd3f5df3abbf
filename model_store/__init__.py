"""Published ensembles ("releases"), and the code that verifies and opens them."""
