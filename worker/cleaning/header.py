"""What an imzML file says about its measurement besides the spectra, as far as pyimzml's writer can repeat it."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.files.foreign_file import OpenedFile

_HEADER_BYTES: Final = 2**20
_CV_PARAM: Final = re.compile(rb"<cvParam\b[^>]*>")
_ATTRIBUTE: Final = re.compile(rb"""\b(accession|value)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_POLARITIES: Final[dict[str, Literal["positive", "negative"]]] = {"MS:1000130": "positive", "MS:1000129": "negative"}
_PIXEL_SIZE_X, _PIXEL_SIZE_Y = "IMS:1000046", "IMS:1000047"
_SCANS: Final = {
    "scan_direction": {
        "IMS:1000400": "bottom_up",
        "IMS:1000401": "top_down",
        "IMS:1000402": "left_right",
        "IMS:1000403": "right_left",
    },
    "scan_pattern": {"IMS:1000410": "meandering", "IMS:1000412": "random_access", "IMS:1000413": "one_way"},
    "scan_type": {"IMS:1000480": "horizontal_line", "IMS:1000481": "vertical_line"},
    "line_scan_direction": {
        "IMS:1000490": "line_right_left",
        "IMS:1000491": "line_left_right",
        "IMS:1000492": "line_bottom_up",
        "IMS:1000493": "line_top_down",
    },
}
"""Names of pyimzml's writer, by its options."""


@dataclass(frozen=True)
class ImzmlHeader:
    """Attributes of a measurement.

    Attributes
    ----------
    polarity
        None where the file states none, or both.
    pixel_size
        (x, y), um, as written in the file; None where it states none.
    scans
        Options of pyimzml's writer about the order in which pixels were measured.
    """

    polarity: Literal["positive", "negative"] | None
    pixel_size: tuple[str, str] | None
    scans: dict[str, str]


def read_header(imzml: OpenedFile) -> ImzmlHeader:
    """Read what stands before the first spectrum; what cannot be read there counts as not stated."""
    with imzml.open_stream() as file:
        head = file.read(_HEADER_BYTES).partition(b"<spectrumList")[0]
    stated: dict[str, str] = {}
    for parameter in _CV_PARAM.findall(head):
        found = {name: (one or other).decode("latin-1") for name, one, other in _ATTRIBUTE.findall(parameter)}
        stated.setdefault(found.get(b"accession", ""), found.get(b"value", ""))
    polarities = {name for accession, name in _POLARITIES.items() if accession in stated}
    sizes = stated.get(_PIXEL_SIZE_X, ""), stated.get(_PIXEL_SIZE_Y, "") or stated.get(_PIXEL_SIZE_X, "")
    return ImzmlHeader(
        polarity=polarities.pop() if len(polarities) == 1 else None,
        pixel_size=sizes if all(map(_is_positive, sizes)) else None,
        scans={
            option: name for option, names in _SCANS.items() for accession, name in names.items() if accession in stated
        },
    )


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
