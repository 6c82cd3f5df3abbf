"""Files that hold all ion images of a dataset: npz, npy and zarr here, HDF5 in `hdf5`."""
