"""Batches of area networks: a few datasets with some of their ions each, augmented."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model_store.area.borders import FULL, HALF_PX, measure_depth
from shared.preprocessing import CLIP_PERCENTILE, INPUT_SIDE_PX
from training.area.example import AreaExample
from training.area.settings import AreaSettings
from training.synthetic.random_field import draw_log_uniform

_IONS = (1, 2, 3, 5, 8, 12, 16, 24, 32)
_IONS_SHARES = (0.1, 0.08, 0.1, 0.14, 0.16, 0.14, 0.12, 0.09, 0.07)
"""Ions of a dataset in a batch: most verdicts rest on many ions, but the networks must learn what few are worth."""

_AREA_SHARE = 0.55
"""Share of the datasets that have off-sample area."""

_LOST_MASK_SHARE = 0.08
"""Share of datasets whose acquisition mask says that every pixel was measured, as when a file format loses it."""

_FRAMED_SHARE = 0.03
"""With a lost mask, this share of pixels that were not measured looks like measured background without signal."""

_NOISY_SHARE = 0.2
_NOISE = (0.1, 0.9)
"""Share of datasets with ions that are nothing but noise, as weak peaks give, and the range of their share of ions."""

_BASELINE_SHARE = 0.2
_BASELINE = (0.3, 4.0)
_BASELINE_EVENNESS = (1.0, 10.0)
"""Share of datasets with a noisy baseline under every ion, as time-of-flight detectors have; its level relative to an
ion's mean intensity, and the shape of its gamma-distributed noise."""

_GAMMA = (0.65, 1.55)
_ION_GAMMA = 0.1
"""Range of the exponent that a dataset's intensities share, and standard deviation of that of an ion, logarithmic."""

_OFF_WEIGHT = 1.5
"""Weight of an off-sample ion: it is lost easily where the area is overlooked."""

Floats = npt.NDArray[np.float32]


class Batch(NamedTuple):
    """Inputs, targets and weights of `build_network`'s network, by name."""

    inputs: dict[str, npt.NDArray[np.generic]]
    targets: dict[str, Floats]
    weights: dict[str, Floats]


class _Drawn(NamedTuple):
    """A dataset of a batch: images (k, 56, 56), planes (4, 56, 56): acquired, sample, known, depth; labels (k,)."""

    images: Floats
    planes: Floats
    labels: npt.NDArray[np.int8]
    has_area: bool


class BatchSource:
    """Draws batches from examples; every series of windows is equally likely."""

    def __init__(self, examples: Sequence[AreaExample], series: Sequence[str], settings: AreaSettings) -> None:
        """Sort the examples.

        Parameters
        ----------
        series
            That of each example's acquisition.
        """
        self._examples, self._settings = examples, settings
        self._sizes = np.asarray([len(example) for example in examples])
        self._depths = [measure_depth(_as_share(example.planes[0])) for example in examples]
        real = np.asarray([example.real for example in examples])
        area = np.asarray([example.has_area for example in examples])
        names = np.asarray(series, dtype=np.str_)
        self._synthetic = {has: _group(~real & (area == has), np.zeros_like(names)) for has in (False, True)}
        self._windows = {has: _group(real & (area == has), names) for has in (False, True)}

    def draw(self, rng: np.random.Generator) -> Batch:
        """One batch; the last dataset is empty, and ions that fill the batch belong to it and count for nothing."""
        drawn: list[_Drawn] = []
        ions = 0
        while ions < self._settings.ions and len(drawn) < self._settings.datasets - 1:
            wanted = min(int(rng.choice(_IONS, p=_IONS_SHARES)), self._settings.ions - ions)
            drawn.append(self._draw_dataset(wanted, rng))
            ions += len(drawn[-1].labels)
        return _join(drawn, self._settings)

    def _draw_dataset(self, wanted: int, rng: np.random.Generator) -> _Drawn:
        has_area = bool(rng.random() < _AREA_SHARE)
        kinds = [self._synthetic, self._windows]
        if rng.random() < self._settings.window_share:
            kinds.reverse()
        groups = next(kind[area] for area in (has_area, not has_area) for kind in kinds if kind[area])
        rows = groups[int(rng.integers(len(groups)))]
        enough = rows[self._sizes[rows] >= wanted]
        rows = enough if len(enough) else rows
        row = int(rows[rng.integers(len(rows))])
        return _augment(self._examples[row], self._depths[row], wanted, rng)


def _group(chosen: npt.NDArray[np.bool_], names: npt.NDArray[np.str_]) -> list[npt.NDArray[np.intp]]:
    """The rows of the chosen examples, by name."""
    return [np.flatnonzero(chosen & (names == name)) for name in np.unique(names[chosen])]


def _as_share(plane: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(plane / 255, dtype=np.float32)


def _augment(example: AreaExample, depth: Floats, wanted: int, rng: np.random.Generator) -> _Drawn:
    rows = rng.permutation(len(example))[:wanted]
    images = _as_share(example.images[rows])
    planes = np.concatenate([_as_share(example.planes), depth[np.newaxis]])
    has_area = example.has_area
    if rng.random() < _LOST_MASK_SHARE:
        has_area = has_area or bool((planes[0] > 0.5).mean() < 1 - _FRAMED_SHARE)
        planes[0], planes[3] = 1, FULL
    stacked = np.concatenate([images, planes])
    for axis in (1, 2):
        if rng.random() < 0.5:
            stacked = np.flip(stacked, axis)
    if rng.random() < 0.5:
        stacked = stacked.transpose(0, 2, 1)
    images, planes = stacked[: len(images)].copy(), stacked[len(images) :]
    labels = example.labels[rows].copy()
    if rng.random() < _NOISY_SHARE:
        noise = rng.random(len(images)) < rng.uniform(*_NOISE)
        images[noise] = _shuffle(images[noise], planes[0] > 0.5, rng)
        labels[noise] = 0 if not has_area else -1
    if rng.random() < _BASELINE_SHARE:
        images = _add_baseline(images, planes[0] > 0.5, rng)
    shared = rng.uniform(*np.log(_GAMMA))
    gamma = np.exp(shared + _ION_GAMMA * rng.standard_normal((len(images), 1, 1))).astype(np.float32)
    return _Drawn(np.asarray(images**gamma, dtype=np.float32), planes, labels, has_area)


def _shuffle(images: Floats, acquired: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """The same intensities at other acquired pixels."""
    shuffled = images.copy()
    for image in shuffled:
        image[acquired] = rng.permutation(image[acquired])
    return shuffled


def _add_baseline(images: Floats, acquired: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """The same ions over a noisy baseline, scaled to [0, 1] as preprocessing does."""
    level, evenness = draw_log_uniform(*_BASELINE, rng), draw_log_uniform(*_BASELINE_EVENNESS, rng)
    noisy = images.copy()
    for image in noisy:
        values = image[acquired]
        strength = level * rng.uniform(0.5, 1.5) * values.mean()
        raised = values + strength * rng.gamma(evenness, 1 / evenness, values.shape)
        image[acquired] = np.minimum(raised / max(float(np.percentile(raised, CLIP_PERCENTILE)), 1e-6), 1)
    return noisy


def _join(drawn: Sequence[_Drawn], settings: AreaSettings) -> Batch:
    ions, count = settings.ions, settings.datasets
    pixels = np.zeros((ions, INPUT_SIDE_PX, INPUT_SIDE_PX, 3), dtype=np.float32)
    dataset = np.full(ions, count - 1, dtype=np.int32)
    borders = np.ones((count, INPUT_SIDE_PX, INPUT_SIDE_PX, 2), dtype=np.float32)
    halves = np.zeros((count, 3, HALF_PX, HALF_PX), dtype=np.float32)
    labels = np.full(ions, -1)
    area, given = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
    start = 0
    for number, one in enumerate(drawn):
        rows = slice(start, start + len(one.labels))
        borders[number] = one.planes[[0, 3]].transpose(1, 2, 0)
        halves[number] = one.planes[:3].reshape(3, HALF_PX, 2, HALF_PX, 2).mean(axis=(2, 4))
        pixels[rows, ..., 0], pixels[rows, ..., 1:] = one.images, borders[number]
        dataset[rows], labels[rows] = number, one.labels
        area[number], given[number] = one.has_area, 1
        start = rows.stop
    off, labelled = labels == 1, labels >= 0
    conditional = labelled & (area[dataset] > 0)
    acquired, sample, known = halves.transpose(1, 0, 2, 3)
    off_target = off[:, np.newaxis].astype(np.float32)
    return Batch(
        {"pixels": pixels, "dataset": dataset, "borders": borders},
        {
            "off": off_target,
            "conditional": off_target,
            "area": area[:, np.newaxis],
            "guess": area[:, np.newaxis],
            "sample_mask": np.clip(sample / np.maximum(known, 0.05), 0, 1, dtype=np.float32)[..., np.newaxis],
        },
        {
            "off": _balance(np.where(off, _OFF_WEIGHT, 1) * labelled),
            "conditional": _balance(np.where(off, _OFF_WEIGHT, 1) * conditional),
            "area": _balance(given),
            "guess": _balance(given),
            "sample_mask": _balance(acquired * known),
        },
    )


def _balance(weights: npt.NDArray[np.floating]) -> Floats:
    """Weights with the mean 1, so that the loss is a mean over what counts."""
    return np.asarray(weights / max(float(weights.mean()), 1e-6), dtype=np.float32)
