"""The run of the baseline: fold by fold, resumable, thresholds from training folds alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from model_store.context.sample_mask import find_sample_mask
from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from training.baseline.mask_correlation import Float64, choose_thresholds, correlate
from training.baseline.pixel_classifiers import CLASSIFIERS, fit_classifier
from training.baseline.pixel_spectra import PixelSpectra, make_pixel_spectra
from training.baseline.whole_set import IonDataset, WholeSet
from training.cross_validation.comparison import Method

KMEANS_MASK = "K-means mask itself"
BASELINE_NAMES = (KMEANS_MASK, *CLASSIFIERS)

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
OnStep = Callable[[int, str], None]
"""Called with a fold (from 1) and a method when that is done."""


class BaselineSettings(BaseModel):
    """A folder is resumed only with the settings that it was started with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str
    """Of the whole set: images, labels, folds."""

    datasets: int = Field(ge=2)
    folds: int = Field(ge=2)
    seed: int = Field(ge=0)


@dataclass(frozen=True, eq=False)
class Pixels:
    """One dataset in the form that the baseline uses."""

    dataset: IonDataset
    spectra: PixelSpectra
    """(P, 32)."""

    sample: Bools
    """(P,), the mask that K-means and the mask rule predict; classifiers are fitted on it."""

    def correlate(self, sample: Bools) -> Float64:
        """(N, levels) of the labelled images with a predicted mask."""
        inputs = self.dataset.inputs[self.dataset.labelled]
        return correlate(inputs, self.dataset.acquisition_mask, sample)

    @property
    def off(self) -> Bools:
        """(N,) labels of the labelled images."""
        return self.dataset.off[self.dataset.labelled]


def run_baseline(
    whole_set: WholeSet, seed: int, output: Path, on_step: OnStep, names: Sequence[str] = BASELINE_NAMES
) -> list[Method]:
    """Predict every labelled image with each named baseline, fitted and thresholded without its fold; in table order.

    Raises
    ------
    InvalidInputError
        When a fold leaves fewer than two datasets to train on, or only pixels of one class.
    """
    fewest = fewest_to_train_on(whole_set)
    if fewest < 2 and set(names) & set(CLASSIFIERS):
        raise InvalidInputError(
            "expected at least two training datasets in every fold for pixel classifiers,"
            f" got {fewest} in one fold ({len(whole_set.datasets)} datasets in all); add datasets"
        )
    pixels = [_prepare(dataset) for dataset in whole_set.datasets]
    scores = {name: np.empty(len(whole_set.off)) for name in names}
    predicted_off = {name: np.empty(len(whole_set.off), dtype=np.bool_) for name in names}
    for fold in range(whole_set.folds):
        held_out = whole_set.fold_of == fold
        for name in names:
            path = output / f"fold_{fold + 1}" / f"{name.replace(' ', '_')}.npz"
            found = _read_finished(path)
            if found is None:
                found = evaluate_fold(name, whole_set, pixels, fold, seed)
                _write_finished(path, *found)
            scores[name][held_out], predicted_off[name][held_out] = found
            on_step(fold + 1, name)
    return [Method(name, scores[name], predicted_off[name]) for name in names]


def fewest_to_train_on(whole_set: WholeSet) -> int:
    """How many datasets the largest fold leaves."""
    return len(whole_set.datasets) - int(np.bincount(whole_set.fold_of_dataset).max())


def evaluate_fold(
    name: str, whole_set: WholeSet, pixels: Sequence[Pixels], fold: int, seed: int
) -> tuple[Float64, Bools]:
    """Scores and labels, (N,) each, of the labelled images of one fold's datasets."""
    folds = whole_set.fold_of_dataset
    training, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    if name == KMEANS_MASK:
        learned = [pixels[row].correlate(pixels[row].sample) for row in training.tolist()]
        found = [pixels[row].correlate(pixels[row].sample) for row in held_out.tolist()]
    else:
        learned_of: dict[int, Float64] = {}
        for fitted_on, others in _halve(training, folds):
            masks = _predict_masks(name, pixels, fitted_on, others, seed)
            learned_of |= {row: pixels[row].correlate(mask) for row, mask in zip(others.tolist(), masks, strict=True)}
        learned = [learned_of[row] for row in training.tolist()]
        masks = _predict_masks(name, pixels, training, held_out, seed)
        found = [pixels[row].correlate(mask) for row, mask in zip(held_out.tolist(), masks, strict=True)]
    thresholds = choose_thresholds(learned, [pixels[row].off for row in training.tolist()])
    score = np.concatenate(found)[:, thresholds.level]
    return score, score >= thresholds.correlation


def _prepare(dataset: IonDataset) -> Pixels:
    spectra = make_pixel_spectra(dataset.inputs, dataset.acquisition_mask)
    mask = find_sample_mask(dataset.inputs[..., 0], dataset.acquisition_mask).mask
    return Pixels(dataset, spectra, mask[dataset.acquisition_mask])


def _predict_masks(name: str, pixels: Sequence[Pixels], fitted_on: Rows, others: Rows, seed: int) -> Iterator[Bools]:
    """The masks, (P,) each, that a classifier fitted on some datasets predicts for others."""
    fitted = [pixels[row] for row in fitted_on.tolist()]
    classifier = fit_classifier(name, [one.spectra for one in fitted], [one.sample for one in fitted], seed)
    return (np.asarray(classifier.predict(pixels[row].spectra), dtype=np.bool_) for row in others.tolist())


def _halve(training: Rows, folds: Rows) -> list[tuple[Rows, Rows]]:
    """Both ways to fit on half of the training folds and predict masks of the other half, to choose thresholds on.

    A single training fold is halved by datasets.
    """
    numbers = np.unique(folds[training])
    first = np.isin(folds[training], numbers[::2]) if len(numbers) > 1 else np.arange(len(training)) % 2 == 0
    return [(training[first], training[~first]), (training[~first], training[first])]


def _read_finished(path: Path) -> tuple[Float64, Bools] | None:
    """The saved result of an earlier run; None when there is none or it is incomplete."""
    try:
        with np.load(path) as arrays:
            return arrays["scores"], arrays["predicted_off"]
    except (FileNotFoundError, BadZipFile, EOFError, KeyError, ValueError):
        return None


def _write_finished(path: Path, scores: Float64, predicted_off: Bools) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as partial:
        np.savez(partial, scores=scores, predicted_off=predicted_off)
