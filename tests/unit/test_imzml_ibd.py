"""Bad .ibd files are clear errors."""

import os
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from imzml_damaging import put, read
from imzml_making import make_spectra, write_imzml
from pyimzml.compression import ZlibCompression

from shared.errors import InvalidIonImageError
from shared.imzml.dataset import open_imzml
from shared.limits import Limits


@dataclass(frozen=True)
class _BadIbd:
    make: Callable[[bytes], bytes]
    noun: str


BAD_IBD = {
    "empty": _BadIbd(lambda _: b"", "UUID"),
    "of another measurement": _BadIbd(lambda content: os.urandom(16) + content[16:], "UUID"),
    "truncated": _BadIbd(lambda content: content[: len(content) // 2], "truncated"),
    "truncated by a byte": _BadIbd(lambda content: content[:-1], "truncated"),
}


@pytest.mark.parametrize("bad", BAD_IBD.values(), ids=BAD_IBD)
def test_a_bad_ibd_is_a_clear_error(intact: Path, bad: _BadIbd) -> None:
    ibd = intact.with_suffix(".ibd")
    ibd.write_bytes(bad.make(ibd.read_bytes()))
    with pytest.raises(InvalidIonImageError, match=bad.noun):
        read(intact)


def test_an_ibd_truncated_while_it_is_read_is_a_clear_error(intact: Path) -> None:
    dataset = open_imzml(intact, intact.with_suffix(".ibd"), Limits())
    os.truncate(intact.with_suffix(".ibd"), 1000)
    with pytest.raises(InvalidIonImageError, match="truncated"):
        list(dataset.extract(np.array([150.0]), 3))


def test_an_array_of_invalid_zlib_data_is_a_clear_error(compressed: Path) -> None:
    ibd = compressed.with_suffix(".ibd")
    content = ibd.read_bytes()
    ibd.write_bytes(content[:16] + b"\0" * 100 + content[116:])
    with pytest.raises(InvalidIonImageError, match="zlib"):
        read(compressed)


def test_an_array_that_decompresses_to_more_than_declared_is_a_clear_error(tmp_path: Path) -> None:
    """A bomb: 200 KB of zlib data for 200 MB of zeros, where 200 KB of m/z should be."""
    bomb = zlib.compress(bytes(200_000_000), 9)
    zlib_ = ZlibCompression()
    spectra = make_spectra(1, 3, 25_000)
    path = write_imzml(tmp_path / "a.imzML", spectra, mz_compression=zlib_, intensity_compression=zlib_)
    ibd = path.with_suffix(".ibd")
    text = put("IMS:1000102", str(ibd.stat().st_size), 1)(path.read_text())
    path.write_text(put("IMS:1000104", str(len(bomb)), 1)(text))
    with ibd.open("ab") as file:
        file.write(bomb)
    tracemalloc.start()
    with pytest.raises(InvalidIonImageError, match="more bytes"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_compressed_numbers_larger_than_plain_ones_are_refused(compressed: Path) -> None:
    compressed.write_text(put("IMS:1000104", "5000", 1)(compressed.read_text()))
    with pytest.raises(InvalidIonImageError, match="spectrum 1 "):
        read(compressed)


def test_an_array_that_decompresses_to_less_is_a_clear_error(compressed: Path) -> None:
    compressed.write_text(put("IMS:1000103", "41")(compressed.read_text()))
    with pytest.raises(InvalidIonImageError, match="320 bytes"):
        read(compressed)
