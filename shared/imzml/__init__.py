"""imzML: an XML file with positions and offsets of the spectra, and an .ibd file with their numbers."""
