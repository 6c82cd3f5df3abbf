"""What a person names on the command line, in the terms of an event: where ion images are, and of which kind."""

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
_RIGHT: Final = f"a folder of PNGs, a .png, an .imzML file, or an array ({', '.join(ARRAY_SUFFIXES)})"
_LOCATION: Final[TypeAdapter[IonImagesLocation]] = TypeAdapter(IonImagesLocation)
_OPTIONS_OF: Final = {"imzml": ("ppm", "z", "most_peaks"), "metaspace": ("database", "fdr")}
"""Fields of a location that a person may choose, by its kind."""


@dataclass(frozen=True)
class KindOptions:
    """What a person says beside a place, each for one kind; None = the event's default."""

    ppm: float | None = None
    z: int | None = None
    most_peaks: int | None = None
    database: str | None = None
    fdr: float | None = None

    def given_for(self, kind: str) -> dict[str, Any]:
        """Those for a location of this kind."""
        names = _OPTIONS_OF.get(kind, ())
        return {name: value for name, value in asdict(self).items() if name in names and value is not None}

    def require_use(self, kinds: set[str]) -> None:
        """Refuse an option for a kind of which nothing is named."""
        unused = [(name, kind) for kind in _OPTIONS_OF if kind not in kinds for name in self.given_for(kind)]
        if unused:
            name, kind = unused[0]
            raise InvalidInputError(
                f"--{name.replace('_', '-')} is for ion images of kind {kind}, and none are named; expected to"
                " leave it out"
            )


@dataclass(frozen=True)
class InputSpec:
    """Where a dataset is, and what it may be called after."""

    trail: tuple[str, ...]
    """Names of the folders that lead to it, and its own without suffix."""
    full_name: str
    """Its own with suffix."""
    location: IonImagesLocation


def name_place(place: str, options: KindOptions) -> InputSpec:
    """Recognise a path, a URI or template, or `metaspace:` with a dataset's id.

    Raises
    ------
    NotFoundError
        When a path does not exist.
    InvalidInputError
        When it is of no kind that can be read.
    ValidationError
        When its name or an option cannot stand in an event.
    """
    if place.startswith(METASPACE_PREFIX):
        path, stem = PurePath(place.removeprefix(METASPACE_PREFIX)), place.removeprefix(METASPACE_PREFIX)
        fields = {"kind": "metaspace", "dataset_id": stem}
    elif is_remote(place):
        path = PurePath(parse_store_uri(parse_template(place).folder).path)
        stem = path.stem
        fields = {"kind": _kind_in_store(place), "uri": place}
    elif "{" in place and not Path(place).exists():
        template = str(Path(place).absolute())
        path = PurePath(parse_template(template).folder)
        stem = path.name
        fields = {"kind": "png", "uri": template}
    else:
        path = Path(place).resolve()
        kind = _kind_on_disk(path, place)
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
        raise NotFoundError(f"{shown} does not exist; expected {_RIGHT}")
    suffix = path.suffix.lower()
    if is_zarr_folder(path) or (path.is_file() and suffix in ARRAY_SUFFIXES):
        return "array"
    if path.is_dir():
        return "png"
    if suffix == _IMZML_SUFFIX:
        return "imzml"
    raise InvalidInputError(f"{shown} is of no known kind; expected {_RIGHT}")
