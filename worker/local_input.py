"""What a person names on the command line: folders of PNGs, arrays, single images, stores, datasets on METASPACE."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.array import ARRAY_SUFFIXES, is_zarr_folder
from shared.errors import InvalidInputError, NotFoundError
from shared.messages.event import Annotation, ArrayIonImages, DatasetAnnotated, MetaspaceIonImages, PngIonImages
from shared.validation import describe_validation_error
from worker.files import AllowedRoots
from worker.sources.image_place import parse_place
from worker.stores.allowed_stores import ANY_NETWORK, AllowedStores
from worker.stores.store_uri import is_remote, parse_store_uri

METASPACE_PREFIX = "metaspace:"
_IMAGE_SUFFIX = ".png"


@dataclass(frozen=True)
class LocalDataset:
    """One dataset of the command line, in the terms of an event."""

    data: DatasetAnnotated
    loose: bool
    """Whether these are single images that a person named, each its own dataset."""

    @property
    def roots(self) -> AllowedRoots:
        """Naming a path on the command line allows it, and what the links in a folder point to."""
        location = self.data.ion_images
        if not isinstance(location, PngIonImages | ArrayIonImages | MetaspaceIonImages):
            raise TypeError(location.kind)
        named = [self.data.annotations_uri] if self.data.annotations_uri is not None else []
        if not isinstance(location, MetaspaceIonImages):
            named.append(parse_place(location.uri).folder)
        paths = [Path(uri) for uri in named if not is_remote(uri)]
        if isinstance(location, PngIonImages):
            paths += [
                entry.resolve() for path in paths if path.is_dir() for entry in path.iterdir() if entry.is_symlink()
            ]
        return AllowedRoots(tuple(paths))

    def stores(self, metaspace_url: str) -> AllowedStores:
        """Naming a store on the command line allows it, wherever it is."""
        location = self.data.ion_images
        named = [self.data.annotations_uri or ""]
        if isinstance(location, PngIonImages | ArrayIonImages):
            named.append(parse_place(location.uri).folder)
        if isinstance(location, MetaspaceIonImages):
            named.append(metaspace_url)
        return AllowedStores(tuple(parse_store_uri(uri) for uri in named if is_remote(uri)), ANY_NETWORK)


@dataclass(frozen=True)
class MetaspaceChoice:
    """Which annotations of a dataset on METASPACE; None = the event's default."""

    database: str | None = None
    fdr: float | None = None


def find_datasets(
    places: Sequence[str | Path], annotations: str | Path | None = None, metaspace: MetaspaceChoice | None = None
) -> list[LocalDataset]:
    """Turn the paths, URIs and METASPACE datasets of a command line into datasets.

    Raises
    ------
    NotFoundError
        When a path does not exist.
    InvalidInputError
        When it is of no kind that can be read or has no readable name, two single images share a name, or a list of
        annotations is given for single images.
    """
    metaspace = metaspace or MetaspaceChoice()
    annotations_uri = None if annotations is None else _find_list(str(annotations))
    if metaspace != MetaspaceChoice() and not any(str(place).startswith(METASPACE_PREFIX) for place in places):
        raise InvalidInputError("--database and --fdr are for METASPACE; right would be metaspace:DATASET_ID with them")
    singles = [Path(place) for place in places if _is_image(place)]
    if singles and annotations is not None:
        raise InvalidInputError("--annotations is for a folder or an array; right would be no single images with it")
    try:
        loose = _describe_singles(singles)
        datasets = [_describe_dataset(place, annotations_uri, metaspace) for place in places if not _is_image(place)]
        return loose + datasets if singles and _is_image(places[0]) else datasets + loose
    except ValidationError as error:  # a name that is no Unicode text
        raise InvalidInputError(f"a path cannot be used: {describe_validation_error(error)}") from error


def _find_list(annotations: str) -> str:
    """The URI of a list of annotations."""
    if is_remote(annotations):
        return annotations
    if not Path(annotations).is_file():
        raise NotFoundError(f"{annotations} is no file; right would be a .json or .csv list of annotations")
    return str(Path(annotations).resolve())


def _is_image(place: str | Path) -> bool:
    return not is_remote(str(place)) and Path(place).suffix.lower() == _IMAGE_SUFFIX and Path(place).is_file()


def _describe_dataset(place: str | Path, annotations_uri: str | None, metaspace: MetaspaceChoice) -> LocalDataset:
    location: PngIonImages | ArrayIonImages | MetaspaceIonImages
    text = str(place)
    if text.startswith(METASPACE_PREFIX):
        location = _describe_metaspace(text.removeprefix(METASPACE_PREFIX), metaspace)
        dataset_id = location.dataset_id
    elif is_remote(text):
        dataset_id = Path(parse_store_uri(parse_place(text).folder).name).stem or "dataset"
        is_array = text.rstrip("/").lower().endswith(ARRAY_SUFFIXES)
        location = ArrayIonImages(kind="array", uri=text) if is_array else PngIonImages(kind="png", uri=text)
    elif "{" in text and not Path(text).exists():
        folder = Path(parse_place(str(Path(text).absolute())).folder)
        dataset_id = folder.name or "dataset"
        location = PngIonImages(kind="png", uri=str(Path(text).absolute()))
    else:
        dataset_id = Path(text).resolve().stem or "dataset"
        location = _describe_path(Path(text))
    return LocalDataset(
        DatasetAnnotated(dataset_id=dataset_id, ion_images=location, annotations_uri=annotations_uri), loose=False
    )


def _describe_metaspace(dataset_id: str, chosen: MetaspaceChoice) -> MetaspaceIonImages:
    fields = {"kind": "metaspace", "dataset_id": dataset_id, "database": chosen.database, "fdr": chosen.fdr}
    try:
        return MetaspaceIonImages.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise InvalidInputError(f"{METASPACE_PREFIX}… cannot be used: {describe_validation_error(error)}") from error


def _describe_path(path: Path) -> PngIonImages | ArrayIonImages:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist; right would be a folder of PNGs, an array file or a .png")
    uri = str(path.resolve())
    if is_zarr_folder(path) or (path.is_file() and path.suffix.lower() in ARRAY_SUFFIXES):
        return ArrayIonImages(kind="array", uri=uri)
    if path.is_dir():
        return PngIonImages(kind="png", uri=uri)
    raise InvalidInputError(
        f"{path} is of no known kind; right would be a folder of PNGs, a .png, or an array"
        f" ({', '.join(ARRAY_SUFFIXES)})"
    )


def _describe_singles(paths: Sequence[Path]) -> list[LocalDataset]:
    """Single images, gathered by the folder they really lie in: naming a link allows what it points to."""
    by_folder: defaultdict[Path, list[Annotation]] = defaultdict(list)
    stems = set()
    for path in paths:
        if path.stem in stems:
            raise InvalidInputError(f"two images are called {path.stem!r}; right would be different names")
        stems.add(path.stem)
        real = path.resolve()
        by_folder[real.parent].append(Annotation(annotation_id=path.stem, image=real.name))
    return [
        LocalDataset(
            DatasetAnnotated(
                dataset_id=folder.name or "images",
                ion_images=PngIonImages(kind="png", uri=str(folder)),
                annotations=found,
            ),
            loose=True,
        )
        for folder, found in by_folder.items()
    ]
