"""Read an imzML file: a stream of XML events, nothing of the document is kept.

pyimzml builds a tree of every spectrum; expat alone, told to stop at a document type declaration (so that no entity is
ever defined, expanded or fetched), is faster (benchmarks/imzml.py) and holds a few numbers a spectrum.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.parsers import expat

from shared.errors import InvalidIonImageError
from shared.foreign_file import OpenedFile, open_foreign_file
from shared.imzml.array_format import UNSAID, ArrayDescription
from shared.imzml.index import ImzmlIndex
from shared.imzml.spectrum_columns import (
    CENTROID,
    ENCODED_LENGTH,
    LENGTH,
    OFFSET,
    POSITION_X,
    POSITION_Y,
    POSITION_Z,
    PROFILE,
    UUID,
    SpectrumColumns,
    StatedArray,
)
from shared.imzml.work_watch import WorkWatch, watch_nothing
from shared.limits import Limits, require_at_most

_NAMESPACE: Final = "http://psi.hupo.org/ms/mzml"
_PARAMETER: Final = frozenset(("cvParam", f"{_NAMESPACE} cvParam"))
_STATED: Final = frozenset(
    (UUID, CENTROID, PROFILE, POSITION_X, POSITION_Y, POSITION_Z, OFFSET, LENGTH, ENCODED_LENGTH)
)
_ENCODINGS: Final = frozenset(
    ("utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252")
)
_READ_BYTES = 2**20
_LONGEST_TOKEN_BYTES = 2**23
"""Longest tag, comment or run of text; expat holds it whole."""
_DEEPEST = 100
"""Most elements inside each other; an imzML has about ten."""
_RIGHT = "right would be a whole imzML 1.1 file"

Attributes = dict[str, str]


def read_index(imzml: Path | OpenedFile, limits: Limits, watch: WorkWatch = watch_nothing) -> ImzmlIndex:
    """Read where each spectrum was measured and where its numbers lie; the .ibd file is not touched.

    Raises
    ------
    InvalidIonImageError
        When it is no imzML, or a damaged one.
    TooLargeError
        When the file is larger, or names more spectra, than `limits` allow.
    """
    opened = OpenedFile.at(imzml) if isinstance(imzml, Path) else imzml
    with open_foreign_file(opened, limits.imzml_bytes) as (_, size), opened.open_stream() as file:
        reader = _IndexReader(opened.name, limits)
        try:
            while piece := file.read(_READ_BYTES):
                reader.feed(piece)
                watch(f"reading {opened.name}", min(file.tell(), size), size)
            return reader.finish()
        except expat.ExpatError as error:
            problem = expat.ErrorString(error.code)
            raise InvalidIonImageError(
                f"{opened.name!r} is no XML, or is cut off or damaged, at line {error.lineno:,} ({problem}); {_RIGHT}"
            ) from error


class _IndexReader:
    """What is known in the middle of the file."""

    def __init__(self, file_name: str, limits: Limits) -> None:
        self._file_name = file_name
        self._limits = limits
        self._fed_bytes = 0
        self._depth = 0
        self._groups: dict[str, ArrayDescription] = {}
        self._group_id = ""
        self._columns = SpectrumColumns(file_name)
        self._description: ArrayDescription | None = None
        self._header: dict[str, str] = {}
        self._stated = self._header
        self._position: dict[str, str] = {}
        self._arrays: list[StatedArray] = []
        self._on_start = _with_namespace(
            {
                "referenceableParamGroupRef": self._take_group_reference,
                "referenceableParamGroup": self._begin_group,
                "spectrum": self._begin_spectrum,
                "binaryDataArray": self._begin_array,
            }
        )
        self._on_end = _with_namespace(
            {
                "referenceableParamGroup": self._end_group,
                "spectrum": self._end_spectrum,
                "binaryDataArray": self._end_array,
            }
        )
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.XmlDeclHandler = self._check_encoding
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser.StartElementHandler = self._check_root
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)
        self._fed_bytes += len(piece)
        if self._fed_bytes - max(self._parser.CurrentByteIndex, 0) > _LONGEST_TOKEN_BYTES:
            raise InvalidIonImageError(
                f"{self._file_name!r} has a tag or text above {_LONGEST_TOKEN_BYTES:,} bytes; {_RIGHT}"
            )
        if self._depth > _DEEPEST:  # looked at once a piece: what one piece can nest takes little memory
            raise InvalidIonImageError(f"{self._file_name!r} nests more than {_DEEPEST} elements; {_RIGHT}")

    def finish(self) -> ImzmlIndex:
        self._parser.Parse(b"", True)
        return self._columns.index(self._header)

    def _check_root(self, name: str, attributes: Attributes) -> None:
        root = name.rpartition(" ")[2]
        if root != "mzML":
            raise InvalidIonImageError(f"{self._file_name!r} is XML of another kind (<{root[:50]}>); {_RIGHT}")
        self._parser.StartElementHandler = self._start
        self._start(name, attributes)

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if name in _PARAMETER:
            accession = attributes.get("accession", "")
            if accession in _STATED:
                self._stated.setdefault(accession, attributes.get("value", ""))
            elif self._description is not None:
                self._description = self._description.take(accession, attributes.get("name", ""))
        elif name in self._on_start:
            self._on_start[name](attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name in self._on_end:
            self._on_end[name]()

    def _check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise InvalidIonImageError(
                f"{self._file_name!r} is in the encoding {encoding[:50]!r}; right would be UTF-8 or ISO-8859-1"
            )

    def _refuse_document_type(self, *_: object) -> None:
        raise InvalidIonImageError(
            f"{self._file_name!r} has a document type declaration, which may define entities; {_RIGHT} without one"
        )

    def _begin_group(self, attributes: Attributes) -> None:
        self._group_id, self._description = attributes.get("id", ""), UNSAID

    def _end_group(self) -> None:
        self._groups[self._group_id], self._description = self._description or UNSAID, None

    def _begin_spectrum(self, _: Attributes) -> None:
        self._stated = self._position = {}
        self._arrays = []

    def _end_spectrum(self) -> None:
        self._columns.add(self._position, self._arrays)
        self._stated = self._header
        require_at_most(self._columns.count, self._limits.image_pixels, f"number of spectra in {self._file_name!r}")

    def _begin_array(self, _: Attributes) -> None:
        self._description, self._stated = UNSAID, {}

    def _take_group_reference(self, attributes: Attributes) -> None:
        group = self._groups.get(attributes.get("ref", ""))
        if self._description is not None and group is not None:
            self._description = self._description.add(group)

    def _end_array(self) -> None:
        if self._description is not None and self._description.kind is not None:
            self._arrays.append(StatedArray(self._description, self._stated))
        self._description, self._stated = None, self._position


def _with_namespace(handlers: dict[str, Callable[..., None]]) -> dict[str, Callable[..., None]]:
    """Handlers by element name, with the namespace of mzML and without one."""
    return handlers | {f"{_NAMESPACE} {name}": handle for name, handle in handlers.items()}
