"""The datasets of a command line, and what naming them allows to be read."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.errors import InvalidInputError, NotFoundError
from shared.validation import describe_validation_error
from worker.access.allowed_roots import AllowedRoots
from worker.access.allowed_stores import ANY_NETWORK, AllowedStores
from worker.access.store_uri import is_remote, parse_store_uri
from worker.cli.inputs.dataset_names import choose_names
from worker.cli.inputs.folders import find_in_folder
from worker.cli.inputs.spec import InputSpec, KindOptions, name_place
from worker.messages.event import (
    Annotation,
    DatasetAnnotated,
    ImzmlIonImages,
    MetaspaceIonImages,
    PngIonImages,
)
from worker.sources.image_template import PNG_SUFFIX, parse_template
from worker.sources.imzml_file import find_ibd

_NO_OPTIONS = KindOptions()
_LONGEST_NAME = 512
"""Characters of a dataset's id; of longer names the end counts."""


@dataclass(frozen=True)
class LocalDataset:
    """One dataset of the command line, in the terms of an event."""

    data: DatasetAnnotated
    loose: bool
    """Whether these are single images that a person named, each its own dataset."""

    @property
    def roots(self) -> AllowedRoots:
        """Naming a path on the command line allows it, an imzML's folder and .ibd, and where links in a folder lead."""
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
            named.append(parse_template(location.uri).folder)
        elif not isinstance(location, MetaspaceIonImages):
            named.append(location.uri)
        return named


@dataclass(frozen=True)
class RefusedPlace:
    """A place of the command line that cannot be used."""

    place: str
    error: InvalidInputError


def find_datasets(
    places: Sequence[str], annotations: str | None = None, options: KindOptions = _NO_OPTIONS
) -> tuple[list[LocalDataset], list[RefusedPlace]]:
    """Turn the paths, URIs and METASPACE datasets of a command line into datasets, each called differently.

    A place that does not exist, is of no known kind, or has no readable name is refused; the others count.

    Raises
    ------
    NotFoundError
        When the list of annotations is missing.
    InvalidInputError
        When a list of annotations is given for single images, or an option for a kind of which nothing is named.
    """
    annotations_uri = None if annotations is None else _find_list(annotations)
    singles = [place for place in places if _is_image(place)]
    if singles and annotations is not None:
        raise InvalidInputError("--annotations is for a whole dataset; expected no single images with it")
    refused: list[RefusedPlace] = []
    drafts = _describe_singles(singles, refused)
    whole: dict[str, _Draft] = {}
    for place in places:
        if place not in singles:
            try:
                for draft in _describe_whole(place, annotations_uri, options):
                    whole.setdefault(draft.data.ion_images.model_dump_json(), draft)
            except (InvalidInputError, ValidationError, OSError) as error:
                refused.append(_refuse(place, error))
    if not refused:
        options.require_use({draft.data.ion_images.kind for draft in whole.values()})
    ordered = [*drafts, *whole.values()] if singles and places[0] in singles else [*whole.values(), *drafts]
    names = choose_names([draft.trail for draft in ordered], [draft.full_name for draft in ordered])
    return [_name(draft, name) for draft, name in zip(ordered, names, strict=True)], refused


def find_dataset(place: str, annotations: str | None = None, options: KindOptions = _NO_OPTIONS) -> LocalDataset:
    """The one dataset that a place is; raises as `find_datasets`, and where that refuses or finds several."""
    found, refused = find_datasets([place], annotations, options)
    if refused:
        raise refused[0].error
    if len(found) != 1:
        raise InvalidInputError(f"{place} holds {len(found)} datasets; expected the place of one")
    return found[0]


def _find_list(annotations: str) -> str:
    """The URI of a list of annotations."""
    if is_remote(annotations):
        return annotations
    if not Path(annotations).is_file():
        raise NotFoundError(f"{annotations} is no file; expected a list of annotations, such as a .json or .csv")
    return str(Path(annotations).resolve())


def _is_image(place: str) -> bool:
    is_png = not is_remote(place) and Path(place).suffix.lower() == PNG_SUFFIX
    return is_png and os.path.isfile(place)  # noqa: PTH113 - Path raises an error for a name that is too long


@dataclass(frozen=True)
class _Draft:
    """A dataset whose name is not chosen yet."""

    trail: tuple[str, ...]
    full_name: str
    data: DatasetAnnotated
    loose: bool = False


def _name(draft: _Draft, name: str) -> LocalDataset:
    return LocalDataset(draft.data.model_copy(update={"dataset_id": name[-_LONGEST_NAME:]}), draft.loose)


def _refuse(place: str, error: InvalidInputError | ValidationError | OSError) -> RefusedPlace:
    if isinstance(error, OSError):
        return RefusedPlace(
            place, NotFoundError(f"{place} cannot be read ({error.strerror}); expected a readable place")
        )
    if isinstance(error, ValidationError):  # such as a name that is no Unicode text
        return RefusedPlace(place, InvalidInputError(f"a place cannot be used: {describe_validation_error(error)}"))
    return RefusedPlace(place, error)


def _describe_whole(place: str, annotations_uri: str | None, options: KindOptions) -> list[_Draft]:
    """The dataset that a place is; of a folder, those that it holds."""
    named = name_place(place, options)
    if not isinstance(named.location, PngIonImages) or not Path(place).is_dir():
        return [_draft(named, annotations_uri)]
    inner = find_in_folder(Path(place))
    if not inner and annotations_uri is None:
        raise NotFoundError(f"{place} holds no PNG file, imzML file or array, nor do its folders; expected one")
    if inner in ([], [Path(place)]):
        return [_draft(named, annotations_uri)]
    return [_draft(name_place(str(path), options), annotations_uri) for path in inner]


def _draft(named: InputSpec, annotations_uri: str | None) -> _Draft:
    """Checked under its own name, so that one that is no text is refused with its place."""
    data = DatasetAnnotated(
        dataset_id=named.trail[-1][-_LONGEST_NAME:] or "dataset",
        ion_images=named.location,
        annotations_uri=annotations_uri,
    )
    return _Draft(named.trail, named.full_name, data)


def _describe_singles(places: Sequence[str], refused: list[RefusedPlace]) -> list[_Draft]:
    """Single images, gathered by the folder they really lie in: naming a link allows what it points to."""
    by_folder: defaultdict[Path, dict[str, Annotation]] = defaultdict(dict)
    for place in places:
        path, real = Path(place), Path(place).resolve()
        found = by_folder[real.parent]
        try:
            annotation = Annotation(annotation_id=path.stem, image=real.name)
        except ValidationError as error:
            refused.append(_refuse(place, error))
            continue
        if found.setdefault(path.stem, annotation) != annotation:
            twice = InvalidInputError(f"two images of a folder are called {path.stem!r}; expected different names")
            refused.append(RefusedPlace(place, twice))
    return [
        _Draft(
            folder.parts,
            folder.name,
            DatasetAnnotated(
                dataset_id=folder.name or "images",
                ion_images=PngIonImages(kind="png", uri=str(folder)),
                annotations=list(found.values()),
            ),
            loose=True,
        )
        for folder, found in by_folder.items()
        if found
    ]
