"""AnnData `.h5ad` files, read through an HDF5 library that is not trusted with foreign bytes."""
