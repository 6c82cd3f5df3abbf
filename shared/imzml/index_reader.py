"""Read an imzML file as a stream of XML events, without keeping the document.

pyimzml builds a tree of every spectrum. expat alone, stopped at a document type declaration (so that no entity is
ever defined, expanded or fetched), is faster (benchmarks/imzml.py) and keeps a few numbers a spectrum.
"""

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from xml.parsers import expat

from shared.errors import InvalidIonImageError, TooLargeError
from shared.files.foreign_file import OpenedFile, open_foreign_file
from shared.imzml.accessions import NAMES, describe_wrong_name
from shared.imzml.array_format import NOTHING_DECLARED, ArrayDescription
from shared.imzml.declared_index import DeclaredIndex
from shared.imzml.representation import RepresentationClaims
from shared.imzml.spectrum_columns import DeclaredArray, SpectrumColumns
from shared.limits import Limits, require_at_most
from shared.progress import ProgressCallback, ignore_progress

_NAMESPACE: Final = "http://psi.hupo.org/ms/mzml"
_PARAMETER: Final = frozenset(("cvParam", f"{_NAMESPACE} cvParam"))
_WITH_VALUE: Final = frozenset(NAMES)
_ENCODINGS: Final = frozenset(
    ("utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252")
)
_FALLBACK_ENCODING: Final = "iso-8859-1"
"""Every byte is valid in it."""
_FIRST_NOT_ASCII = 0x80
_READ_BYTES = 2**20
_MAX_TOKEN_BYTES = 2**23
"""Maximum size of a tag, comment or text, which expat holds in memory."""
_MAX_DEPTH = 100
"""Maximum depth of nested elements; an imzML has about ten."""
_MAX_GROUPS = 10_000
"""Maximum number of parameter groups; an imzML has about five."""
_MAX_ID_LENGTH = 1_000
"""Characters of a group's id."""
_MAX_NOTES = 10
_EXPECTED = "expected a complete imzML 1.1 file"

_WRONG_ENCODING: Final = frozenset(
    expat.errors.codes[problem]
    for problem in (
        expat.errors.XML_ERROR_INVALID_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_INCORRECT_ENCODING,
    )
)

Attributes = dict[str, str]


def read_index(
    imzml: Path | OpenedFile, limits: Limits, on_progress: ProgressCallback = ignore_progress
) -> DeclaredIndex:
    """Read where each spectrum was measured and where its numbers are stored; the .ibd file is not opened.

    A file that is not in its declared encoding is read again in the one it seems to have: all that is used of it is
    ASCII.

    Raises
    ------
    InvalidIonImageError
        When it is not an imzML file, or damaged.
    TooLargeError
        When the file is larger, or has more spectra, than `limits` allow.
    """
    opened = OpenedFile.at(imzml) if isinstance(imzml, Path) else imzml
    with open_foreign_file(opened, limits.imzml_bytes) as (_, size), opened.open_stream() as file:
        encoding = None
        while True:
            reader = _IndexReader(opened.name, limits, encoding)
            try:
                while piece := file.read(_READ_BYTES):
                    reader.feed(piece)
                    on_progress(f"reading {opened.name}", min(file.tell(), size), size)
                return reader.finish()
            except expat.ExpatError as error:
                other = None if encoding == _FALLBACK_ENCODING else _find_encoding(error, reader, file)
                if other is None:
                    problem = expat.ErrorString(error.code)
                    raise InvalidIonImageError(
                        f"{opened.name!r} is not XML, or is truncated or damaged, at line {error.lineno:,} ({problem});"
                        f" {_EXPECTED}"
                    ) from error
                encoding = other
                file.seek(0)


def _find_encoding(error: expat.ExpatError, reader: "_IndexReader", file: BinaryIO) -> str | None:
    """The encoding of a file that is not in its declared one; None when the encoding is not the problem."""
    if error.code not in _WRONG_ENCODING:
        return None
    file.seek(0)
    head = file.read(4)
    if error.code == expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]:
        return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    file.seek(reader.error_byte)
    return _FALLBACK_ENCODING if max(file.read(1), default=0) >= _FIRST_NOT_ASCII else None


class _IndexReader:
    """Handlers of the XML events, and what they have read so far."""

    def __init__(self, file_name: str, limits: Limits, encoding: str | None) -> None:
        self._file_name = file_name
        self._limits = limits
        self._fed_bytes = 0
        self._depth = 0
        self._groups: dict[str, ArrayDescription] = {}
        self._group_id = ""
        self._columns = SpectrumColumns(file_name)
        self._description: ArrayDescription | None = None
        self._header: dict[str, str] = {}
        self._values = self._header
        self._position: dict[str, str] = {}
        self._arrays: list[DeclaredArray] = []
        self._has_other_arrays = False
        self._encoding = encoding
        self._representation = RepresentationClaims()
        self._spectrum_count: str | None = None
        self._notes: dict[str, None] = {}
        self._on_start = _with_namespace(
            {
                "referenceableParamGroupRef": self._add_referenced_group,
                "referenceableParamGroup": self._begin_group,
                "spectrumList": self._begin_list,
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
        self._parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self._parser.XmlDeclHandler = self._check_encoding
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser.StartElementHandler = self._check_root
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)
        self._fed_bytes += len(piece)
        if self._fed_bytes - max(self._parser.CurrentByteIndex, 0) > _MAX_TOKEN_BYTES:
            raise InvalidIonImageError(
                f"{self._file_name!r} has a tag or text above {_MAX_TOKEN_BYTES:,} bytes; {_EXPECTED}"
            )
        if self._depth > _MAX_DEPTH:  # checked once a piece: nesting within one takes little memory
            raise InvalidIonImageError(f"{self._file_name!r} nests more than {_MAX_DEPTH} elements; {_EXPECTED}")

    def finish(self) -> DeclaredIndex:
        self._parser.Parse(b"", True)
        return self._columns.index(self._header, self._representation, self._spectrum_count, list(self._notes))

    @property
    def error_byte(self) -> int:
        """Offset at which the parser stopped."""
        return max(self._parser.ErrorByteIndex, 0)

    def _check_root(self, name: str, attributes: Attributes) -> None:
        root = name.rpartition(" ")[2]
        if root != "mzML":
            raise InvalidIonImageError(f"{self._file_name!r} is another kind of XML (<{root[:50]}>); {_EXPECTED}")
        self._parser.StartElementHandler = self._start_header_element
        self._start(name, attributes)

    def _start_header_element(self, name: str, attributes: Attributes) -> None:
        """As `_start`, and compare names with accessions; only up to the end of the first spectrum, as it is slow."""
        if name in _PARAMETER:
            accession, term = attributes.get("accession", ""), attributes.get("name", "")
            self._representation.add(accession, term)
            note = describe_wrong_name(accession, term)
            if note is not None and len(self._notes) < _MAX_NOTES:
                self._notes[note] = None
        self._start(name, attributes)

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if name in _PARAMETER:
            accession = attributes.get("accession", "")
            if accession in _WITH_VALUE:
                self._values.setdefault(accession, attributes.get("value", ""))
            elif self._description is not None:
                self._description = self._description.with_parameter(accession, attributes.get("name", ""))
        elif name in self._on_start:
            self._on_start[name](attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name in self._on_end:
            self._on_end[name]()

    def _check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if self._encoding is not None:
            self._notes[f"it declares the encoding {(encoding or 'UTF-8')[:50]!a} and was read as {self._encoding}"] = (
                None
            )
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise InvalidIonImageError(
                f"{self._file_name!r} is in the encoding {encoding[:50]!r}; expected UTF-8 or ISO-8859-1"
            )

    def _refuse_document_type(self, *_: object) -> None:
        raise InvalidIonImageError(
            f"{self._file_name!r} has a document type declaration, which may define entities; {_EXPECTED} without one"
        )

    def _begin_group(self, attributes: Attributes) -> None:
        self._group_id, self._description = attributes.get("id", ""), NOTHING_DECLARED
        if len(self._groups) >= _MAX_GROUPS or len(self._group_id) > _MAX_ID_LENGTH:
            raise TooLargeError(
                f"{self._file_name!r} has more than {_MAX_GROUPS:,} parameter groups, or a group id of more than"
                f" {_MAX_ID_LENGTH:,} characters; {_EXPECTED}"
            )

    def _end_group(self) -> None:
        self._groups[self._group_id], self._description = self._description or NOTHING_DECLARED, None

    def _begin_list(self, attributes: Attributes) -> None:
        self._spectrum_count = attributes.get("count")

    def _begin_spectrum(self, _: Attributes) -> None:
        self._values = self._position = {}
        self._arrays = []
        self._has_other_arrays = False

    def _end_spectrum(self) -> None:
        self._columns.add(self._position, self._arrays, has_others=self._has_other_arrays)
        self._values = self._header
        if self._columns.count == 1:
            self._parser.StartElementHandler = self._start
        require_at_most(self._columns.count, self._limits.image_pixels, f"number of spectra in {self._file_name!r}")

    def _begin_array(self, _: Attributes) -> None:
        self._description, self._values = NOTHING_DECLARED, {}

    def _add_referenced_group(self, attributes: Attributes) -> None:
        group = self._groups.get(attributes.get("ref", ""))
        if self._description is not None and group is not None:
            self._description = self._description.with_group(group)

    def _end_array(self) -> None:
        if self._description is not None and self._description.kinds:
            self._arrays.append(DeclaredArray(self._description, self._values))
        else:
            self._has_other_arrays = True
        self._description, self._values = None, self._position


def _with_namespace(handlers: dict[str, Callable[..., None]]) -> dict[str, Callable[..., None]]:
    """Handlers by element name, with and without the namespace of mzML."""
    return handlers | {f"{_NAMESPACE} {name}": handle for name, handle in handlers.items()}
