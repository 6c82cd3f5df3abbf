"""The datasets of a command line, and the files and stores that may be read for them."""

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
from worker.cli.inputs.spec import InputSpec, KindOptions, parse_input
from worker.messages.event import (
    Annotation,
    ArrayIonImages,
    DatasetAnnotated,
    ImzmlIonImages,
    MetaspaceIonImages,
    PngIonImages,
)
from worker.sources.image_template import PNG_SUFFIX, parse_template
from worker.sources.imzml_file import find_ibd

_NO_OPTIONS = KindOptions()
_LONGEST_NAME = 512
"""Characters of a dataset's id; of longer names the end is kept."""


@dataclass(frozen=True)
class LocalDataset:
    """One dataset of the command line, described as in an event."""

    data: DatasetAnnotated
    loose: bool
    """Whether these are single images given on the command line, each a dataset of its own."""

    @property
    def roots(self) -> AllowedRoots:
        """The given paths, the folder and .ibd file of an imzML, and the targets of links in a given folder."""
        location = self.data.ion_images
        paths = [Path(uri) for uri in self._named_uris() if not is_remote(uri)]
        linked: list[Path] = []
        if isinstance(location, ImzmlIonImages) and not is_remote(location.uri):
            imzml = Path(location.uri)
            ibd = imzml.parent / find_ibd(imzml.name, os.listdir(imzml.parent))  # noqa: PTH208 - only the names are needed
            linked = [imzml.parent, ibd.resolve()]
        if isinstance(location, PngIonImages):
            entries = (entry for path in paths if path.is_dir() for entry in path.iterdir())
            linked = [entry.resolve() for entry in entries if entry.is_symlink()]
        return AllowedRoots((*paths, *linked))

    def stores(self, metaspace_url: str) -> AllowedStores:
        """The given stores; any network may be reached."""
        named = self._named_uris()
        if isinstance(self.data.ion_images, MetaspaceIonImages):
            named.append(metaspace_url)
        return AllowedStores(tuple(parse_store_uri(uri) for uri in named if is_remote(uri)), ANY_NETWORK)

    @property
    def anndata(self) -> Path | None:
        """Its file, if that is AnnData on this machine."""
        location = self.data.ion_images
        if not isinstance(location, ArrayIonImages) or is_remote(location.uri):
            return None
        return Path(location.uri) if location.uri.lower().endswith(".h5ad") else None

    def _named_uris(self) -> list[str]:
        location = self.data.ion_images
        named = [self.data.annotations_uri] if self.data.annotations_uri is not None else []
        if isinstance(location, PngIonImages):
            named.append(parse_template(location.uri).folder)
        elif not isinstance(location, MetaspaceIonImages):
            named.append(location.uri)
        return named


@dataclass(frozen=True)
class RejectedInput:
    """An input of the command line that cannot be used, and why."""

    text: str
    error: InvalidInputError


def find_datasets(
    inputs: Sequence[str], annotations: str | None = None, options: KindOptions = _NO_OPTIONS
) -> tuple[list[LocalDataset], list[RejectedInput]]:
    """Turn the paths, URIs and METASPACE ids of a command line into datasets with distinct names.

    An input that does not exist, is of an unknown kind or has an invalid name is rejected; the others are returned.

    Raises
    ------
    NotFoundError
        When the list of annotations is missing.
    InvalidInputError
        When a list of annotations is given for single images, or an option for a kind that no input has.
    """
    annotations_uri = None if annotations is None else _find_list(annotations)
    singles = [text for text in inputs if _is_image(text)]
    if singles and annotations is not None:
        raise InvalidInputError("expected --annotations with a whole dataset, got single images")
    rejected: list[RejectedInput] = []
    drafts = _describe_singles(singles, rejected)
    whole: dict[str, _Draft] = {}
    for text in inputs:
        if text not in singles:
            for draft in _describe_whole(text, annotations_uri, options, rejected):
                whole.setdefault(draft.data.ion_images.model_dump_json(), draft)
    if not rejected:
        options.require_use({draft.data.ion_images.kind for draft in whole.values()})
    ordered = [*drafts, *whole.values()] if singles and inputs[0] in singles else [*whole.values(), *drafts]
    names = choose_names([draft.trail for draft in ordered], [draft.full_name for draft in ordered])
    return [_name(draft, name) for draft, name in zip(ordered, names, strict=True)], rejected


def find_dataset(text: str, annotations: str | None = None, options: KindOptions = _NO_OPTIONS) -> LocalDataset:
    """The dataset of one input; raises as `find_datasets`, and when the input is rejected or holds several."""
    found, rejected = find_datasets([text], annotations, options)
    if rejected:
        raise rejected[0].error
    if len(found) != 1:
        raise InvalidInputError(f"expected one dataset, found {len(found)} datasets in {text}")
    return found[0]


def _find_list(annotations: str) -> str:
    """The URI of a list of annotations."""
    if is_remote(annotations):
        return annotations
    if not Path(annotations).is_file():
        raise NotFoundError(
            f"expected a list of annotations such as a .json or .csv file, but {annotations} is not a file"
        )
    return str(Path(annotations).resolve())


def _is_image(text: str) -> bool:
    is_png = not is_remote(text) and Path(text).suffix.lower() == PNG_SUFFIX
    return is_png and os.path.isfile(text)  # noqa: PTH113 - Path raises an error for a name that is too long


@dataclass(frozen=True)
class _Draft:
    """A dataset whose name is not chosen yet."""

    trail: tuple[str, ...]
    full_name: str
    data: DatasetAnnotated
    loose: bool = False


def _name(draft: _Draft, name: str) -> LocalDataset:
    return LocalDataset(draft.data.model_copy(update={"dataset_id": name[-_LONGEST_NAME:]}), draft.loose)


def _reject(text: str, error: InvalidInputError | ValidationError | OSError) -> RejectedInput:
    if isinstance(error, OSError):
        return RejectedInput(text, NotFoundError(f"cannot read {text}: {error.strerror}"))
    if isinstance(error, ValidationError):  # such as a name that is not valid Unicode
        return RejectedInput(text, InvalidInputError(f"invalid input: {describe_validation_error(error)}"))
    return RejectedInput(text, error)


def _describe_whole(
    text: str, annotations_uri: str | None, options: KindOptions, rejected: list[RejectedInput]
) -> list[_Draft]:
    """The dataset of an input, or the datasets in a folder; what cannot be used is added to `rejected`."""
    try:
        found = _find_places(text, annotations_uri, options)
    except (InvalidInputError, ValidationError, OSError) as error:
        rejected.append(_reject(text, error))
        return []
    drafts: list[_Draft] = []
    for place in found:
        try:
            drafts.append(_draft(parse_input(place, options), annotations_uri))
        except (InvalidInputError, ValidationError, OSError) as error:
            rejected.append(_reject(place, error))
    return drafts


def _find_places(text: str, annotations_uri: str | None, options: KindOptions) -> list[str]:
    """The input itself, or the datasets in the folder that it is."""
    if not isinstance(parse_input(text, options).location, PngIonImages) or not Path(text).is_dir():
        return [text]
    inner = find_in_folder(Path(text))
    if not inner and annotations_uri is None:
        raise NotFoundError(f"expected a PNG file, an imzML file or an array in {text} or its subfolders, found none")
    return [text] if inner in ([], [Path(text)]) else [str(path) for path in inner]


def _draft(spec: InputSpec, annotations_uri: str | None) -> _Draft:
    """Validate a dataset under its own name, so that an invalid name rejects this input only."""
    data = DatasetAnnotated(
        dataset_id=spec.trail[-1][-_LONGEST_NAME:] or "dataset",
        ion_images=spec.location,
        annotations_uri=annotations_uri,
    )
    return _Draft(spec.trail, spec.full_name, data)


def _describe_singles(inputs: Sequence[str], rejected: list[RejectedInput]) -> list[_Draft]:
    """Single images, grouped by the folder that holds them; a link allows reading its target."""
    by_folder: defaultdict[Path, dict[str, Annotation]] = defaultdict(dict)
    for text in inputs:
        path, real = Path(text), Path(text).resolve()
        found = by_folder[real.parent]
        try:
            annotation = Annotation(annotation_id=path.stem, image=real.name)
        except ValidationError as error:
            rejected.append(_reject(text, error))
            continue
        if found.setdefault(path.stem, annotation) != annotation:
            duplicate = InvalidInputError(
                f"expected distinct names, but two images in one folder are both named {path.stem!r}"
            )
            rejected.append(RejectedInput(text, duplicate))
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
