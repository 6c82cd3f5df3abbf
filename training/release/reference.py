"""The reference of a release: the profiles of datasets, as the release itself sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.area.dataset_prediction import predict_dataset
from model_store.context.dataset_context import add_context, find_context
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Prediction, Predictor
from model_store.profile import DatasetProfile, make_profile, measure_zero_share
from model_store.reference import Reference, ReferenceDataset
from model_store.release import Release
from shared.ion_image import IonImage
from shared.preprocessing import NetworkInputs, describe_missing_signal, preprocess
from shared.progress import ProgressCallback, follow, ignore_progress


@dataclass(frozen=True, eq=False)
class NamedDataset:
    """The ion images of one dataset."""

    name: str
    ion_images: Sequence[IonImage]


@dataclass(frozen=True, eq=False)
class ReferenceData:
    """The datasets of a reference, and which these are in a sentence."""

    sentence: str
    datasets: Sequence[NamedDataset]


def make_reference(
    release: Release, data: ReferenceData, on_progress: ProgressCallback = ignore_progress
) -> Reference | None:
    """Profile every dataset with ONNX Runtime, one after the other; None when none has an ion image with signal."""
    predictor = open_predictor(release, Engine.ONNX)
    followed = follow(data.datasets, "profiling the datasets of the reference", len(data.datasets), on_progress)
    profiles = ((dataset.name, _profile(predictor, dataset.ion_images)) for dataset in followed)
    found = tuple(ReferenceDataset(name=name, profile=profile) for name, profile in profiles if profile is not None)
    if not found:
        return None
    return Reference(
        release=release.version, networks_sha256=release.networks_sha256, data=data.sentence, datasets=found
    )


def _profile(predictor: Predictor, ion_images: Sequence[IonImage]) -> DatasetProfile | None:
    shown = [image for image in ion_images if describe_missing_signal(image) is None]
    if not shown:
        return None
    prediction = _predict(predictor, preprocess(shown))
    return make_profile(
        prediction.off_sample_probability.tolist(),
        prediction.member_spread.tolist(),
        [measure_zero_share(image) for image in shown],
        predictor.release.manifest.threshold,
    )


def _predict(predictor: Predictor, inputs: NetworkInputs) -> Prediction:
    """All images of one dataset together, as a worker does."""
    manifest = predictor.release.manifest
    if manifest.kind == "area":
        found = predict_dataset(predictor, lambda: [inputs])
        assert found is not None, "only datasets with signal are predicted"
        return found.ions
    return predictor.predict(add_context(inputs, find_context(inputs)) if manifest.uses_context else inputs)
