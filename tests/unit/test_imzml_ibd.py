"""Bad .ibd files: each is one clear sentence."""

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
    sentence: str


BAD_IBD = {
    "empty": _BadIbd(lambda _: b"", r"begins with the UUID \(none\)"),
    "of another measurement": _BadIbd(lambda content: os.urandom(16) + content[16:], "begins with the UUID"),
    "cut off": _BadIbd(lambda content: content[: len(content) // 2], "inside the .* bytes of its .ibd file"),
    "cut off by a byte": _BadIbd(lambda content: content[:-1], "inside the .* bytes of its .ibd file"),
}


@pytest.mark.parametrize("bad", BAD_IBD.values(), ids=BAD_IBD)
def test_a_bad_ibd_is_one_sentence(sound: Path, bad: _BadIbd) -> None:
    ibd = sound.with_suffix(".ibd")
    ibd.write_bytes(bad.make(ibd.read_bytes()))
    with pytest.raises(InvalidIonImageError, match=bad.sentence):
        read(sound)


def test_an_ibd_that_is_cut_off_while_it_is_read_is_one_sentence(sound: Path) -> None:
    dataset = open_imzml(sound, sound.with_suffix(".ibd"), Limits())
    os.truncate(sound.with_suffix(".ibd"), 1000)
    with pytest.raises(InvalidIonImageError, match="cut off"):
        list(dataset.extract(np.array([150.0]), 3))


def test_an_array_that_is_no_zlib_data_is_one_sentence(packed: Path) -> None:
    ibd = packed.with_suffix(".ibd")
    content = ibd.read_bytes()
    ibd.write_bytes(content[:16] + b"\0" * 100 + content[116:])
    with pytest.raises(InvalidIonImageError, match=r"'a\.ibd' has an array that is no zlib data"):
        read(packed)


def test_an_array_that_unpacks_to_more_than_is_stated_is_one_sentence(tmp_path: Path) -> None:
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
    with pytest.raises(InvalidIonImageError, match="unpacks to more bytes"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_packed_numbers_that_take_more_room_than_plain_ones_are_not_read(packed: Path) -> None:
    packed.write_text(put("IMS:1000104", "5000", 1)(packed.read_text()))
    with pytest.raises(InvalidIonImageError, match="places the m/z array of spectrum 1"):
        read(packed)


def test_an_array_that_unpacks_to_less_is_one_sentence(packed: Path) -> None:
    packed.write_text(put("IMS:1000103", "41")(packed.read_text()))
    with pytest.raises(InvalidIonImageError, match="unpacks to 320 bytes"):
        read(packed)
