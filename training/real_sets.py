"""The real sets, for evaluation: none of their labels fits, selects or calibrates a shipped release."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png
from shared.preprocessing import describe_missing_signal
from training.data_root import DATA_ROOT
from training.synthetic.patterns.textures import load_texture_sources

_UNSURE = (0.4, 0.6)
"""Range of METASPACE probabilities in which its label is uncertain."""


_SAMPLE_ONLY = ("maldi_human_tumour_2", "maldi_human_tumour_5", "mouse_brain_amyloid", "mouse_prostate_peptides")
"""Unlabelled datasets whose acquisition mask follows the outline of the tissue."""


@dataclass(frozen=True, eq=False)
class RealSet:
    """Labelled real ion images; scores of different sets are never pooled."""

    name: str
    role: str
    """What scores on the set mean; printed with them."""

    ion_images: tuple[IonImage, ...]
    off: npt.NDArray[np.bool_]
    """(N,), True = off-sample."""

    dataset_of: tuple[str, ...]
    """N names of acquisitions; empty where unknown."""


def load_real_sets(names: Sequence[str] | None = None) -> list[RealSet]:
    """The named sets, or all.

    Raises
    ------
    InvalidInputError
        When a name is not that of a set.
    """
    unknown = sorted(set(names or ()) - set(_LOADERS))
    if unknown:
        raise InvalidInputError(f"expected one of the real sets {', '.join(_LOADERS)}, got {unknown[0]!r}")
    return [_LOADERS[name]() for name in names or _LOADERS]


def _load_mouse_bladder() -> RealSet:
    """One acquisition, labelled on / off / unclear by eye; unclear ones are left out."""
    folder = DATA_ROOT / "mouse_bladder"
    rows = [row for row in _read_labels(folder) if row["label"] != "unclear"]
    with np.load(folder / "ion_images.npz") as arrays:
        images, acquired = arrays["images"], arrays["acquired"]
    ion_images = tuple(make_ion_image(images[int(row["index"])], acquired) for row in rows)
    return RealSet("mouse_bladder", "smoke test", ion_images, _off(rows), ("mouse_bladder",) * len(rows))


def _load_metaspace_predicted() -> RealSet:
    folder = DATA_ROOT / "metaspace_predicted"
    rows = _read_labels(folder)
    return _png_set("metaspace_predicted", "development set", folder, rows)


def _load_metaspace_predicted_sure() -> RealSet:
    """Images with a METASPACE probability outside .4 to .6, or without a printed one."""
    folder = DATA_ROOT / "metaspace_predicted"
    low, high = _UNSURE
    rows = [row for row in _read_labels(folder) if not low <= float(row["metaspace_off_probability"] or 0) <= high]
    return _png_set("metaspace_predicted_sure", "development set, sure part", folder, rows)


def _load_gold_standard_top_losses() -> RealSet:
    folder = DATA_ROOT / "gold_standard_top_losses"
    return _png_set("gold_standard_top_losses", "diagnostic", folder, _read_labels(folder))


def _load_sample_only() -> RealSet:
    """Acquisitions of sample only: none of their ions is off-sample."""
    ion_images: list[IonImage] = []
    names: list[str] = []
    for source in load_texture_sources():
        if source.name in _SAMPLE_ONLY:
            images = (make_ion_image(image, source.acquisition_mask) for image in source.images)
            shown = [image for image in images if describe_missing_signal(image) is None]
            ion_images += shown
            names += [source.name] * len(shown)
    off = np.zeros(len(ion_images), dtype=np.bool_)
    role = "acquisitions of sample only: every off is false"
    return RealSet("sample_only", role, tuple(ion_images), off, tuple(names))


def _load_brain_interiors() -> RealSet:
    """Three rectangles inside one mouse brain, all measured within three hours."""
    ion_images: list[IonImage] = []
    names: list[str] = []
    for path in sorted((DATA_ROOT / "acquisitions").glob("mouse_brain_interior_*/ion_images.npz")):
        with np.load(path) as arrays:
            ion_images += [make_ion_image(image, arrays["acquired"]) for image in arrays["images"]]
            names += [path.parent.name] * len(arrays["images"])
    role = "one series of acquisitions inside a brain: every off is false"
    off = np.zeros(len(ion_images), dtype=np.bool_)
    return RealSet("brain_interiors", role, tuple(ion_images), off, tuple(names))


_LOADERS: dict[str, Callable[[], RealSet]] = {
    "mouse_bladder": _load_mouse_bladder,
    "metaspace_predicted": _load_metaspace_predicted,
    "metaspace_predicted_sure": _load_metaspace_predicted_sure,
    "gold_standard_top_losses": _load_gold_standard_top_losses,
    "sample_only": _load_sample_only,
    "brain_interiors": _load_brain_interiors,
}

REAL_SET_NAMES = tuple(_LOADERS)
"""Names of all real sets, in printed order."""


def _png_set(name: str, role: str, folder: Path, rows: list[dict[str, str]]) -> RealSet:
    ion_images = tuple(decode_png((folder / row["file"]).read_bytes(), Limits()) for row in rows)
    return RealSet(name, role, ion_images, _off(rows), tuple(row.get("dataset") or "" for row in rows))


def _read_labels(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _off(rows: list[dict[str, str]]) -> npt.NDArray[np.bool_]:
    return np.asarray([row["label"] == "off" for row in rows], dtype=np.bool_)
