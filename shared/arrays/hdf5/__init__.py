"""AnnData `.h5ad` files, read with checks that protect the HDF5 library from hostile files."""
