"""The writer of `offsample clean` beside pyimzml's own, byte for byte."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest
from imzml_making import Spectrum, make_spectra
from pyimzml.compression import ZlibCompression
from pyimzml.ImzMLWriter import ImzMLWriter

from worker.cleaning.streaming_writer import StreamingWriter

PIXEL_SIZE = [
    '<cvParam cvRef="IMS" accession="IMS:1000046" name="pixel size (x)" value="20"',
    '<cvParam cvRef="IMS" accession="IMS:1000047" name="pixel size y" value="30"',
]


def write_both(folder: Path, spectra: list[Spectrum], **options: Any) -> list[tuple[bytes, bytes]]:
    """Both files of pyimzml's writer, and of ours."""
    with TemporaryFile("w+", dir=folder) as buffer:
        plain = ImzMLWriter(str(folder / "plain.imzML"), **options)
        ours = StreamingWriter(str(folder / "ours.imzML"), buffer, plain.run_id, None, **options)
        _take_uuid(plain, ours)
        for writer in (plain, ours):
            with writer:
                for spectrum in spectra:
                    writer.addSpectrum(*spectrum)
    return [(Path(writer.filename).read_bytes(), Path(writer.ibd_filename).read_bytes()) for writer in (plain, ours)]


def _take_uuid(plain: ImzMLWriter, ours: ImzMLWriter) -> None:
    """Both files state it, and pyimzml draws a random one."""
    ours.uuid, ours.sha1 = plain.uuid, plain.sha1.copy()
    ours.ibd.seek(0)
    ours.ibd.write(plain.uuid.bytes)


@pytest.mark.parametrize(
    ("height", "options"),
    [
        (1, {"mode": "processed", "polarity": "negative"}),
        (16, {"mode": "processed", "mz_dtype": np.float32, "spec_type": "profile"}),
        (16, {"mode": "continuous", "intensity_dtype": np.int32, "scan_pattern": "meandering"}),
        (40, {"mode": "processed", "mz_compression": ZlibCompression()}),
    ],
)
def test_several_batches_are_written_as_pyimzml_writes_them(
    tmp_path: Path, height: int, options: dict[str, Any]
) -> None:
    spectra = make_spectra(height, 20, 5, shared=options["mode"] == "continuous")
    spectra += [(mz, values, (x, y)) for mz, values, (x, y, *_) in spectra]
    plain, ours = write_both(tmp_path, spectra, **options)
    assert ours[0].count(b"<spectrum ") == len(spectra)
    assert ours == plain


def test_a_whole_number_of_batches_is_written_as_pyimzml_writes_it(tmp_path: Path) -> None:
    spectra = [([100.0], [1.0], (number % 7 + 1, number // 7 + 1)) for number in range(512)]
    plain, ours = write_both(tmp_path, spectra, mode="processed")
    assert ours == plain


def test_a_file_without_spectra_is_refused_as_by_pyimzml(tmp_path: Path) -> None:
    """It has no largest position; `offsample clean` refuses such a measurement when it is opened."""
    with TemporaryFile("w+", dir=tmp_path) as buffer:
        for writer in (
            ImzMLWriter(str(tmp_path / "plain.imzML")),
            StreamingWriter(str(tmp_path / "ours.imzML"), buffer, "", None),
        ):
            with pytest.raises(ValueError, match="empty"):
                writer.finish()
            writer.xml.close()
            assert Path(writer.filename).read_bytes() == b""


def test_the_pixel_size_is_all_that_is_added(tmp_path: Path) -> None:
    found = []
    for size in (None, ("20", "30")):
        with (
            TemporaryFile("w+", dir=tmp_path) as buffer,
            StreamingWriter(str(tmp_path / "a.imzML"), buffer, "cleaned", size) as writer,
        ):
            writer.addSpectrum([100.0], [1.0], (1, 1))
        found.append((tmp_path / "a.imzML").read_text(encoding="ascii").splitlines())
    without, sized = found
    added = [line for line in sized if line not in without and "IMS:1000091" not in line and "IMS:1000080" not in line]
    assert [line.partition(' unitCvRef="')[0].strip() for line in added] == PIXEL_SIZE
    assert len(sized) == len(without) + 2
