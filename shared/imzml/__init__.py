"""imzML: an XML file that says what was measured where, beside an .ibd file of numbers."""
