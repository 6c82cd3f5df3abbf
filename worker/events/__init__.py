"""One event, from claim to answer."""
