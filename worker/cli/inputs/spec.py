"""One input of the command line, parsed: where its ion images are, and of which kind."""

from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from pydantic import TypeAdapter

from shared.arrays.array import ARRAY_SUFFIXES, is_zarr_folder
from shared.errors import InvalidInputError, NotFoundError
from worker.access.store_uri import is_remote, parse_store_uri
from worker.messages.event import IonImagesLocation
from worker.sources.image_template import parse_template

METASPACE_PREFIX: Final = "metaspace:"
_IMZML_SUFFIX: Final = ".imzml"
_EXPECTED: Final = f"a folder of PNGs, a .png, an .imzML file, or an array ({', '.join(ARRAY_SUFFIXES)})"
_LOCATION: Final[TypeAdapter[IonImagesLocation]] = TypeAdapter(IonImagesLocation)
_OPTIONS_OF: Final = {"imzml": ("ppm", "z", "most_peaks"), "metaspace": ("database", "fdr")}
"""Fields of a location that have a command-line option, by its kind."""


@dataclass(frozen=True)
class KindOptions:
    """Command-line options that apply to one kind of input each; None = the event's default."""

    ppm: float | None = None
    z: int | None = None
    most_peaks: int | None = None
    database: str | None = None
    fdr: float | None = None

    def given_for(self, kind: str) -> dict[str, Any]:
        """The options given for a location of this kind."""
        names = _OPTIONS_OF.get(kind, ())
        return {name: value for name, value in asdict(self).items() if name in names and value is not None}

    def require_use(self, kinds: set[str]) -> None:
        """Reject an option for a kind that no input has."""
        unused = [(name, kind) for kind in _OPTIONS_OF if kind not in kinds for name in self.given_for(kind)]
        if unused:
            name, kind = unused[0]
            raise InvalidInputError(
                f"--{name.replace('_', '-')} applies to ion images of kind {kind} only, and no input has that kind"
            )


@dataclass(frozen=True)
class InputSpec:
    """Where a dataset is, and the names from which its id is chosen."""

    trail: tuple[str, ...]
    """Names of its parent folders, and its own name without suffix."""
    full_name: str
    """Its own name with suffix."""
    location: IonImagesLocation


def parse_input(text: str, options: KindOptions) -> InputSpec:
    """Parse a path, a URI, a URI template, or `metaspace:` followed by a dataset's id.

    Raises
    ------
    NotFoundError
        When a path does not exist.
    InvalidInputError
        When its kind is not supported.
    ValidationError
        When its name or an option is not valid in an event.
    """
    if text.startswith(METASPACE_PREFIX):
        path, stem = PurePath(text.removeprefix(METASPACE_PREFIX)), text.removeprefix(METASPACE_PREFIX)
        fields = {"kind": "metaspace", "dataset_id": stem}
    elif is_remote(text):
        path = PurePath(parse_store_uri(parse_template(text).folder).path)
        stem = path.stem
        fields = {"kind": _kind_in_store(text), "uri": text}
    elif "{" in text and not Path(text).exists():
        template = str(Path(text).absolute())
        path = PurePath(parse_template(template).folder)
        stem = path.name
        fields = {"kind": "png", "uri": template}
    else:
        path = Path(text).resolve()
        kind = _kind_on_disk(path, text)
        stem = path.name if kind == "png" else path.stem
        fields = {"kind": kind, "uri": str(path)}
    location = _LOCATION.validate_python(fields | options.given_for(fields["kind"]))
    return InputSpec((*path.parts[:-1], stem), path.name, location)


def _kind_in_store(uri: str) -> str:
    name = uri.rstrip("/").lower()
    if name.endswith(_IMZML_SUFFIX):
        return "imzml"
    return "array" if name.endswith(ARRAY_SUFFIXES) else "png"


def _kind_on_disk(path: Path, shown: str) -> str:
    if not path.exists():
        raise NotFoundError(f"expected {_EXPECTED}, but {shown} does not exist")
    suffix = path.suffix.lower()
    if is_zarr_folder(path) or (path.is_file() and suffix in ARRAY_SUFFIXES):
        return "array"
    if path.is_dir():
        return "png"
    if suffix == _IMZML_SUFFIX:
        return "imzml"
    raise InvalidInputError(f"expected {_EXPECTED}, got {shown}")
