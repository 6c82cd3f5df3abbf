"""Reports: pages, tables, plots and JSON of scores."""
