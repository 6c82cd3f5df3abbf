"""What a person names on the command line: folders of PNGs, arrays, imzML files, single images."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.errors import InvalidInputError, NotFoundError
from shared.messages.event import Annotation, ArrayIonImages, DatasetAnnotated, ImzmlIonImages, PngIonImages
from shared.validation import describe_validation_error
from worker.files import AllowedRoots
from worker.sources.imzml_file import find_ibd

_ARRAY_SUFFIXES = {".npz", ".npy"}
_IMAGE_SUFFIX = ".png"
_IMZML_SUFFIX = ".imzml"
_RIGHT = "a folder of PNGs, an .npz, an .npy, an .imzML or a .png"


@dataclass(frozen=True)
class ImzmlOptions:
    """What a person says of how an imzML file is to be read; None = the default of the event."""

    ppm: float | None = None
    z: int | None = None
    most_peaks: int | None = None


_NO_OPTIONS = ImzmlOptions()


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
        if not isinstance(location, PngIonImages | ArrayIonImages | ImzmlIonImages):
            raise TypeError(location.kind)
        paths = [Path(location.uri)]
        if isinstance(location, ImzmlIonImages):
            paths.append(find_ibd(paths[0]).resolve())
        if self.data.annotations_uri is not None:
            paths.append(Path(self.data.annotations_uri))
        if isinstance(location, PngIonImages):
            paths += [entry.resolve() for entry in Path(location.uri).iterdir() if entry.is_symlink()]
        return AllowedRoots(tuple(paths))


def find_datasets(
    paths: Sequence[Path], annotations: Path | None = None, imzml: ImzmlOptions = _NO_OPTIONS
) -> list[LocalDataset]:
    """Turn the paths of a command line into datasets.

    Raises
    ------
    NotFoundError
        When a path does not exist.
    InvalidInputError
        When it is of no kind that can be read or has no readable name, two single images share a name, or a list of
        annotations is given for single images.
    """
    if annotations is not None and not annotations.is_file():
        raise NotFoundError(f"{annotations} is no file; right would be a .json or .csv list of annotations")
    singles = [path for path in paths if _is_image(path)]
    if singles and annotations is not None:
        raise InvalidInputError(
            "--annotations is for a folder, an array or an imzML file; right would be no single images with it"
        )
    try:
        loose = _describe_singles(singles)
        datasets = [_describe_dataset(path, annotations, imzml) for path in paths if not _is_image(path)]
        return loose + datasets if singles and _is_image(paths[0]) else datasets + loose
    except ValidationError as error:  # a name that is no Unicode text
        raise InvalidInputError(f"a path cannot be used: {describe_validation_error(error)}") from error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() == _IMAGE_SUFFIX and path.is_file()


def _describe_dataset(path: Path, annotations: Path | None, imzml: ImzmlOptions) -> LocalDataset:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist; right would be {_RIGHT}")
    uri = str(path.resolve())
    location: PngIonImages | ArrayIonImages | ImzmlIonImages
    if path.is_dir():
        location = PngIonImages(kind="png", uri=uri)
    elif path.suffix.lower() in _ARRAY_SUFFIXES:
        location = ArrayIonImages(kind="array", uri=uri)
    elif path.suffix.lower() == _IMZML_SUFFIX:
        given = {name: value for name, value in asdict(imzml).items() if value is not None}
        location = ImzmlIonImages(kind="imzml", uri=uri, **given)
    else:
        raise InvalidInputError(f"{path} is of no known kind; right would be {_RIGHT}")
    annotations_uri = None if annotations is None else str(annotations.resolve())
    dataset_id = path.resolve().stem or "dataset"
    return LocalDataset(
        DatasetAnnotated(dataset_id=dataset_id, ion_images=location, annotations_uri=annotations_uri), loose=False
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
