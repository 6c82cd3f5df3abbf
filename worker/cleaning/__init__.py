"""Writing an imzML file again without the peaks of some ions."""
