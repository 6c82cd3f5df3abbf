"""Sound imzML files, for tests to damage."""

from pathlib import Path

import pytest
from imzml_making import make_spectra, write_imzml
from pyimzml.compression import ZlibCompression


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    return write_imzml(tmp_path / "a.imzML", make_spectra(4, 5))


@pytest.fixture
def compressed(tmp_path: Path) -> Path:
    zlib_ = ZlibCompression()
    return write_imzml(tmp_path / "a.imzML", make_spectra(4, 5), mz_compression=zlib_, intensity_compression=zlib_)
