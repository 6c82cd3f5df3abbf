"""The datasets of a command line, and what naming them allows to be read."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.errors import InvalidInputError, NotFoundError
from shared.messages.event import (
    Annotation,
    DatasetAnnotated,
    ImzmlIonImages,
    MetaspaceIonImages,
    PngIonImages,
)
from shared.validation import describe_validation_error
from worker.files import AllowedRoots
from worker.named_place import KindOptions, name_place
from worker.sources.image_place import PNG_SUFFIX, parse_place
from worker.sources.imzml_file import find_ibd
from worker.stores.allowed_stores import ANY_NETWORK, AllowedStores
from worker.stores.store_uri import is_remote, parse_store_uri

_NO_OPTIONS = KindOptions()


@dataclass(frozen=True)
class LocalDataset:
    """One dataset of the command line, in the terms of an event."""

    data: DatasetAnnotated
    loose: bool
    """Whether these are single images that a person named, each its own dataset."""

    @property
    def roots(self) -> AllowedRoots:
        """Naming a path on the command line allows it, an imzML's .ibd, and what the links in a folder point to."""
        location = self.data.ion_images
        paths = [Path(uri) for uri in self._named_uris() if not is_remote(uri)]
        led_to: list[Path] = []
        if isinstance(location, ImzmlIonImages) and not is_remote(location.uri):
            imzml = Path(location.uri)
            ibd = imzml.parent / find_ibd(imzml.name, os.listdir(imzml.parent))  # noqa: PTH208 - names are what is wanted
            led_to = [imzml.parent, ibd.resolve()]
        if isinstance(location, PngIonImages):
            entries = (entry for path in paths if path.is_dir() for entry in path.iterdir())
            led_to = [entry.resolve() for entry in entries if entry.is_symlink()]
        return AllowedRoots((*paths, *led_to))

    def stores(self, metaspace_url: str) -> AllowedStores:
        """Naming a store on the command line allows it, wherever it is."""
        named = self._named_uris()
        if isinstance(self.data.ion_images, MetaspaceIonImages):
            named.append(metaspace_url)
        return AllowedStores(tuple(parse_store_uri(uri) for uri in named if is_remote(uri)), ANY_NETWORK)

    def _named_uris(self) -> list[str]:
        location = self.data.ion_images
        named = [self.data.annotations_uri] if self.data.annotations_uri is not None else []
        if isinstance(location, PngIonImages):
            named.append(parse_place(location.uri).folder)
        elif not isinstance(location, MetaspaceIonImages):
            named.append(location.uri)
        return named


def find_datasets(
    places: Sequence[str], annotations: str | None = None, options: KindOptions = _NO_OPTIONS
) -> list[LocalDataset]:
    """Turn the paths, URIs and METASPACE datasets of a command line into datasets.

    Raises
    ------
    NotFoundError
        When a path does not exist.
    InvalidInputError
        When it is of no kind that can be read or has no readable name, two single images share a name, a list of
        annotations is given for single images, or an option for a kind of which nothing is named.
    """
    annotations_uri = None if annotations is None else _find_list(annotations)
    singles = [place for place in places if _is_image(place)]
    if singles and annotations is not None:
        raise InvalidInputError("--annotations is for a whole dataset; right would be no single images with it")
    try:
        loose = _describe_singles([Path(place) for place in singles])
        whole = [_describe_dataset(place, annotations_uri, options) for place in places if place not in singles]
    except ValidationError as error:  # such as a name that is no Unicode text
        raise InvalidInputError(f"a place cannot be used: {describe_validation_error(error)}") from error
    options.require_use({dataset.data.ion_images.kind for dataset in whole})
    return loose + whole if singles and places[0] in singles else whole + loose


def _find_list(annotations: str) -> str:
    """The URI of a list of annotations."""
    if is_remote(annotations):
        return annotations
    if not Path(annotations).is_file():
        raise NotFoundError(f"{annotations} is no file; right would be a .json or .csv list of annotations")
    return str(Path(annotations).resolve())


def _is_image(place: str) -> bool:
    return not is_remote(place) and Path(place).suffix.lower() == PNG_SUFFIX and Path(place).is_file()


def _describe_dataset(place: str, annotations_uri: str | None, options: KindOptions) -> LocalDataset:
    named = name_place(place, options)
    data = DatasetAnnotated(dataset_id=named.dataset_id, ion_images=named.location, annotations_uri=annotations_uri)
    return LocalDataset(data, loose=False)


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
