"""The dataset to explore: all its ion images at native size, from files or drawn."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.arrays.array import open_array
from shared.errors import InvalidInputError, InvalidIonImageError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png
from shared.preprocessing import describe_missing_signal
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import Sources
from training.synthetic.whole_dataset import draw_whole_dataset

_ARRAY = "ion_images.npz"
_ARRAY_SUFFIXES = (".npz", ".npy")
EXPECTED = f"a folder with {_ARRAY}, an .npz or .npy file, a folder of PNG files, or 'synthetic'"

Mask = npt.NDArray[np.bool_]
_ReadImage = tuple[str, float | None, IonImage | None]
"""Name, m/z, and the image; None when it is unreadable."""


@dataclass(frozen=True, eq=False)
class ExploredDataset:
    """Ion images of one size, those without signal left out."""

    name: str
    ion_images: tuple[IonImage, ...]
    """N >= 1."""

    ion_names: tuple[str, ...]
    """N: m/z, file name or channel index."""

    mz: npt.NDArray[np.float64] | None
    """(N,) Th; None when unknown."""

    left_out: int
    """Images without signal, unreadable or of another size."""

    true_mask: Mask | None = None
    """(H, W), of semi-synthetic datasets: shown next to the predicted one, not used to predict."""

    @property
    def acquisition_mask(self) -> Mask:
        """(H, W), the union over the images."""
        return np.asarray(np.any([one.acquisition_mask for one in self.ion_images], axis=0))


def open_dataset(path: Path) -> ExploredDataset:
    """Read all ion images of a dataset.

    Raises
    ------
    InvalidInputError
        When the path holds no dataset, or no ion image has signal.
    """
    if path.is_file() and path.suffix.lower() in _ARRAY_SUFFIXES:
        return _open_array(path, path.stem if path.name != _ARRAY else path.resolve().parent.name)
    if (path / _ARRAY).is_file():
        return _open_array(path / _ARRAY, path.resolve().name)
    files = sorted(path.rglob("*.png")) if path.is_dir() else []
    if not files:
        raise InvalidInputError(f"expected {EXPECTED}, got {path}")
    return _keep_with_signal(path.resolve().name, [(file.stem, None, _read_png(file)) for file in files])


def draw_dataset(sources: Sources, ions: int, seed: int) -> ExploredDataset:
    """A whole semi-synthetic dataset."""
    dataset = draw_whole_dataset(sources, load_training_mixture(), ions, np.random.default_rng(seed))
    names = tuple(f"ion {number} ({label or 'ambiguous'})" for number, label in enumerate(dataset.labels))
    return ExploredDataset(dataset.name, tuple(dataset.ion_images), names, None, 0, dataset.scene.sample_mask)


def _open_array(path: Path, name: str) -> ExploredDataset:
    array = open_array(path, Limits())
    mz = None if array.mz is None else np.asarray(array.mz, dtype=np.float64)
    read: list[_ReadImage] = []
    for index, (pixels, mask) in enumerate(array.rows()):
        try:
            found = make_ion_image(pixels, mask)
        except InvalidIonImageError:
            found = None
        value = None if mz is None else float(mz[index])
        read.append((f"channel {index}" if value is None else f"m/z {value:.4f}", value, found))
    return _keep_with_signal(name, read)


def _read_png(path: Path) -> IonImage | None:
    try:
        return decode_png(path.read_bytes(), Limits())
    except InvalidIonImageError:
        return None


def _keep_with_signal(name: str, read: list[_ReadImage]) -> ExploredDataset:
    """Images with signal of the most frequent size, sorted by m/z."""
    shapes = Counter(image.shape for _, _, image in read if image is not None)
    kept = list(_filter(read, shapes.most_common(1)[0][0])) if shapes else []
    if not kept:
        raise InvalidInputError(f"expected ion images with signal in {name}, got none of {len(read)}")
    values = [value for _, value, _ in kept if value is not None]
    if len(values) == len(kept):
        kept = [kept[row] for row in np.argsort(values, kind="stable")]
    return ExploredDataset(
        name,
        tuple(image for _, _, image in kept),
        tuple(ion for ion, _, _ in kept),
        np.sort(values) if len(values) == len(kept) else None,
        len(read) - len(kept),
    )


def _filter(read: list[_ReadImage], shape: tuple[int, int]) -> Iterator[tuple[str, float | None, IonImage]]:
    for ion, value, image in read:
        if image is not None and image.shape == shape and describe_missing_signal(image) is None:
            yield ion, value, image
