"""The decision: temperature, threshold and uncertain band of a release, from held-out folds or from a plain release."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from model_store.context.blend import Blend
from model_store.manifest import Manifest
from shared.errors import InvalidInputError
from shared.validation import describe_validation_error
from training.cross_validation.settings import CrossValidationSettings
from training.metrics.calibration import fit_temperature, scale_across_folds

THRESHOLD = 0.5
"""The more probable label; the temperature moves no probability across it."""

CORRECT_OUTSIDE_BAND = 0.9
"""Share of the held-out images outside the uncertain band whose label must be correct."""

_LEAST_OUTSIDE = 0.1
"""Share of the held-out images that must lie outside the band: a few could be correct by chance."""

_WIDEST_BAND = 0.49
_THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)

Probabilities = npt.NDArray[np.float64]
Off = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decision:
    """How a release turns its members' outputs into a probability, a label and an uncertainty."""

    threshold: float
    uncertain_band: tuple[float, float] | None
    temperature: float
    calibration: str
    """One sentence: what the temperature was fitted on and is valid for."""

    rationale: str
    """How the three were chosen, with the measured values."""


UNDECIDED = Decision(
    THRESHOLD, None, 1.0, "none", "Threshold and probabilities were not checked by a cross-validation."
)


def decide(folder: Path) -> Decision:
    """Derive the decision from a finished cross-validation (`predictions.csv` and `settings.json` in its folder).

    Raises
    ------
    InvalidInputError
        When the folder holds no finished cross-validation.
    """
    settings, off, probability, fold_of = _read(folder)
    scaled = scale_across_folds(off, probability, fold_of)
    band = choose_band(off, scaled)
    temperature = fit_temperature(off, probability)
    on_what = (
        "synthetic data; on real data unknown" if settings.origin == "synthetic" else f"the labels of {settings.name}"
    )
    return Decision(
        THRESHOLD,
        band,
        temperature,
        f"calibrated on {on_what}",
        _give_rationale(settings, off, scaled, temperature, band),
    )


def choose_band(off: Off, scaled: Probabilities) -> tuple[float, float] | None:
    """The narrowest band around the threshold outside which enough held-out labels, (N,) each, are correct.

    None when no band does.
    """
    correct = (scaled >= THRESHOLD) == off
    for half in np.arange(0.01, _WIDEST_BAND, 0.01):
        outside = np.abs(scaled - THRESHOLD) > half
        if outside.mean() >= _LEAST_OUTSIDE and correct[outside].mean() >= CORRECT_OUTSIDE_BAND:
            return round(THRESHOLD - float(half), 2), round(THRESHOLD + float(half), 2)
    return None


def decide_with_plain(plain: Manifest, blend: Blend | None) -> Decision:
    """Decision of a context release: that of its plain release, with an uncertain band that covers both."""
    bands = [band for band in (plain.uncertain_band, None if blend is None else blend.uncertain_band) if band]
    band = (min(low for low, _ in bands), max(high for _, high in bands)) if bands else None
    alone = plain.calibration if plain.calibration != UNDECIDED.calibration else "not calibrated"
    return Decision(
        plain.threshold,
        band,
        plain.temperature,
        f"{alone}; in context {'not calibrated' if blend is None else f'calibrated on {blend.fitted_on}'}",
        f"The members of release {plain.version} alone classify an image without context, at that release's threshold"
        f" {plain.threshold:g} and temperature {plain.temperature:g}, and give the same probability as that release."
        f" {_describe_in_context(blend)} {_describe_uncertainty(band)}",
    )


def _describe_in_context(blend: Blend | None) -> str:
    if blend is None:
        return "With context the mean of all members is used, at the same temperature, which was not fitted for it."
    if blend.uncertain_band is None:
        return "With context the blend's probability is used."
    low, high = blend.uncertain_band
    return (
        f"With context the blend's probability is used; outside {low:g} to {high:g} at least"
        f" {CORRECT_OUTSIDE_BAND:.0%} of its held-out labels are correct."
    )


def _describe_uncertainty(band: tuple[float, float] | None) -> str:
    return (
        "No image is marked as uncertain."
        if band is None
        else f"Between {band[0]:g} and {band[1]:g} an image is uncertain."
    )


def _give_rationale(
    settings: CrossValidationSettings,
    off: Off,
    scaled: Probabilities,
    temperature: float,
    band: tuple[float, float] | None,
) -> str:
    f1 = [_f1(off, scaled >= threshold) for threshold in _THRESHOLDS]
    best = int(np.argmax(f1))
    predicted_off = scaled >= THRESHOLD
    true_positives = (predicted_off & off).sum()
    return (
        f"Cross-validation of {settings.images:,} images of {settings.name}, {settings.folds} grouped folds,"
        f" {settings.attempts} repeats averaged. Temperature {temperature:.3f} maximises the likelihood of its labels."
        f" At the threshold {THRESHOLD:g} precision is {true_positives / max(predicted_off.sum(), 1):.3f}, recall"
        f" {true_positives / max(off.sum(), 1):.3f} and F1 {_f1(off, predicted_off):.3f}; the highest F1 of any"
        f" threshold is {f1[best]:.3f}, at {_THRESHOLDS[best]:g}. {_describe_band(scaled, band)}"
    )


def _describe_band(scaled: Probabilities, band: tuple[float, float] | None) -> str:
    if band is None:
        return (
            f"No band is stated: no band has at least {_LEAST_OUTSIDE:.0%} of the labels outside it with at least"
            f" {CORRECT_OUTSIDE_BAND:.0%} of those correct."
        )
    inside = (scaled >= band[0]) & (scaled <= band[1])
    return (
        f"Between {band[0]:g} and {band[1]:g} an image is uncertain: {inside.mean():.0%} of the held-out images are,"
        f" and at least {CORRECT_OUTSIDE_BAND:.0%} of the other labels are correct."
    )


def _f1(off: Off, predicted_off: Off) -> float:
    return float(2 * (off & predicted_off).sum() / max(off.sum() + predicted_off.sum(), 1))


def _read(folder: Path) -> tuple[CrossValidationSettings, Off, Probabilities, npt.NDArray[np.intp]]:
    try:
        settings = CrossValidationSettings.model_validate_json((folder / "settings.json").read_bytes())
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        off = np.asarray([row["label"] == "off" for row in rows], dtype=np.bool_)
        probability = np.asarray([float(row["off_sample_probability"]) for row in rows])
        fold_of = np.asarray([int(row["fold"]) for row in rows], dtype=np.intp)
    except (OSError, KeyError, ValueError) as error:
        raise InvalidInputError(
            f"{folder} holds no finished cross-validation ({_describe(error)}); expected the --output of"
            " `python -m training cross-validate`"
        ) from error
    return settings, off, probability, fold_of


def _describe(error: OSError | KeyError | ValueError) -> str:
    if isinstance(error, OSError):
        return f"{Path(str(error.filename)).name}: {error.strerror}"
    return describe_validation_error(error) if isinstance(error, ValidationError) else str(error)
