"""The inputs of a command line: paths, URIs and METASPACE datasets, and the datasets they stand for."""
