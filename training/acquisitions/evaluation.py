"""Evaluation of a release on whole acquisitions: labels, off-sample-area verdict and sample mask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.area.dataset_prediction import predict_dataset
from model_store.context.dataset_context import add_context, find_context
from model_store.context.sample_mask import find_sample_mask
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release
from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs, describe_missing_signal, preprocess, read_acquired, resize_mask
from training.acquisitions.acquisition import Acquisition, Regions
from training.metrics.border_centre import OFF_ABOVE_RATIO, RULE_NAME, score_border_centre
from training.metrics.real_set_scores import RealSetScores, evaluate_predictions
from training.real_sets import RealSet


@dataclass(frozen=True)
class AcquisitionEvaluation:
    """The predictions of a release for one acquisition, compared with its labels and regions.

    Attributes
    ----------
    ions
        Number of ions with signal; all of them contribute to the context.
    labelled_by
        The source of the labels.
    figures
        Scores of the release, then of the untrained rule, on the ions labelled on or off; empty where none is.
    on, false_off
        On-sample ions, and those of them that the release predicts off-sample.
    fitted_on
        Whether the release was fitted on these images, whole or in patches; None = not recorded.
    area, area_found, area_confidence
        The true off-sample-area state, and the one predicted from the ion images: by a release of kind `area`, else
        by the mask rule.
    mask_overlap
        Intersection over union of the predicted sample mask and the known regions, over the pixels of known regions;
        None without drawn regions.
    """

    name: str
    ions: int
    labelled_by: str
    figures: tuple[RealSetScores, ...]
    on: int
    false_off: int
    fitted_on: bool | None
    area: str
    area_found: str | None
    area_confidence: float
    mask_overlap: float | None


def evaluate_acquisitions(release: Release, acquisitions: Iterable[Acquisition]) -> Iterator[AcquisitionEvaluation]:
    """Evaluate acquisitions one by one with ONNX Runtime; those without any signal are skipped."""
    predictor = open_predictor(release, Engine.ONNX)
    for acquisition in acquisitions:
        found = _evaluate(predictor, acquisition)
        if found is not None:
            yield found


def _evaluate(predictor: Predictor, acquisition: Acquisition) -> AcquisitionEvaluation | None:
    manifest = predictor.release.manifest
    images = acquisition.ion_images
    rows = [row for row, image in enumerate(images) if describe_missing_signal(image) is None]
    if not rows:
        return None
    inputs = preprocess([images[row] for row in rows])
    seen = see_acquisition(predictor, inputs)
    probability = seen.off_sample_probability
    ratios = score_border_centre(inputs)
    labels = [acquisition.effective_labels[row] for row in rows]
    labelled = np.asarray([label in ("on", "off") for label in labels], dtype=np.bool_)
    predicted_off = probability >= manifest.threshold
    figures: list[RealSetScores] = []
    if labelled.any():
        real_set = _make_real_set(acquisition, [rows[position] for position in np.flatnonzero(labelled)])
        figures.append(
            evaluate_predictions(
                real_set, f"release {manifest.version}", probability[labelled], predicted_off[labelled]
            )
        )
        figures.append(evaluate_predictions(real_set, RULE_NAME, ratios[labelled], ratios[labelled] > OFF_ABOVE_RATIO))
    on = np.asarray([label == "on" for label in labels], dtype=np.bool_)
    return AcquisitionEvaluation(
        name=acquisition.name,
        ions=len(rows),
        labelled_by=_describe_labeller(acquisition),
        figures=tuple(figures),
        on=int(on.sum()),
        false_off=int((on & predicted_off).sum()),
        fitted_on=_was_fitted_on(predictor.release, acquisition.name),
        area=acquisition.off_sample_area,
        area_found=seen.area,
        area_confidence=seen.area_confidence,
        mask_overlap=_overlap(seen.sample_mask, acquisition.regions),
    )


@dataclass(frozen=True, eq=False)
class SeenAcquisition:
    """What a release, or without one of kind `area` the mask rule, says about N ion images of one dataset."""

    off_sample_probability: npt.NDArray[np.float32]
    """(N,)."""

    area: str | None
    area_confidence: float
    sample_mask: npt.NDArray[np.bool_]
    """(56, 56)."""


def see_acquisition(predictor: Predictor, inputs: NetworkInputs) -> SeenAcquisition:
    """Predict (N, 56, 56, 2) inputs of one acquisition together."""
    manifest = predictor.release.manifest
    if manifest.kind == "area":
        found = predict_dataset(predictor, lambda: [inputs])
        if found is None:
            raise InvalidInputError("expected ion images with signal, got none")
        confidence = max(found.area_probability, 1 - found.area_probability)
        mask = np.kron(found.sample_mask, np.ones((2, 2))) > 0.5
        acquired = read_acquired(inputs)
        return SeenAcquisition(found.ions.off_sample_probability, found.off_sample_area, confidence, mask & acquired)
    network_inputs = add_context(inputs, find_context(inputs)) if manifest.uses_context else inputs
    rule = find_sample_mask(inputs[..., 0], read_acquired(inputs))
    probability = predictor.predict(network_inputs).off_sample_probability
    return SeenAcquisition(probability, rule.off_sample_area, rule.confidence, np.asarray(rule.mask, dtype=np.bool_))


def _make_real_set(acquisition: Acquisition, rows: list[int]) -> RealSet:
    images, labels = acquisition.ion_images, acquisition.effective_labels
    return RealSet(
        name=acquisition.name,
        role=f"labelled by {_describe_labeller(acquisition)}",
        ion_images=tuple(images[row] for row in rows),
        off=np.asarray([labels[row] == "off" for row in rows], dtype=np.bool_),
        dataset_of=(acquisition.name,) * len(rows),
    )


def _was_fitted_on(release: Release, name: str) -> bool | None:
    fitted_on = release.manifest.provenance.fitted_on
    return None if fitted_on is None else name in fitted_on


def _describe_labeller(acquisition: Acquisition) -> str:
    by_area = acquisition.off_sample_area == "absent" and not any(acquisition.labels)
    return "the acquired area: nothing but sample" if by_area else acquisition.labelled_by


def _overlap(found: npt.NDArray[np.bool_], regions: Regions | None) -> float | None:
    if regions is None:
        return None
    sample, off_sample = (_shrink(mask) for mask in (regions.sample, regions.off_sample))
    labelled, predicted = sample | off_sample, found
    either = int((labelled & (predicted | sample)).sum())
    return float((predicted & sample).sum() / either) if either else None


def _shrink(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.asarray(resize_mask(mask) > 0.5)
