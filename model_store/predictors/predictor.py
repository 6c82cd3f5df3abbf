"""The predictor, which runs a release on network inputs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from model_store.area.reading import AreaNetworks
from model_store.context.blend_features import has_context
from model_store.manifest import Manifest
from model_store.release import Release
from shared.errors import InvalidInputError, ReleaseError
from shared.preprocessing import NetworkInputs

Probabilities = npt.NDArray[np.float32]


class Engine(StrEnum):
    """The runtime: `auto` is TensorFlow where there is a GPU, and ONNX Runtime otherwise."""

    AUTO = "auto"
    ONNX = "onnx"
    TENSORFLOW = "tensorflow"


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predictions of an ensemble for N network inputs."""

    off_sample_probability: Probabilities
    """(N,) float32 in [0, 1]."""

    member_spread: Probabilities
    """(N,) float32, standard deviation over the members that were used."""


class Predictor(Protocol):
    """Runs one release."""

    release: Release
    engine: Engine
    area_networks: AreaNetworks | None
    """Of a release of kind `area`; see `model_store/area/dataset_prediction.py`."""

    def predict(self, inputs: NetworkInputs) -> Prediction:
        """Predict for (N, 56, 56, C) float32 in [0, 1]; N may be 0.

        Further channels that the release does not use are ignored (`take_channels`).

        Raises
        ------
        InvalidInputError
            When the inputs have another shape, or lack a channel that the release uses.
        """
        ...


def take_channels(inputs: NetworkInputs, manifest: Manifest) -> NetworkInputs:
    """The channels that a release uses, of (N, 56, 56, C)."""
    channels, side = len(manifest.input.channels), manifest.input.side_px
    if inputs.ndim != 4 or inputs.shape[1:3] != (side, side) or inputs.shape[3] < channels:
        raise InvalidInputError(
            f"network inputs have the shape {inputs.shape}; expected (N, {side}, {side}, {channels}) with the"
            f" channels {', '.join(manifest.input.channels)}"
        )
    return inputs[..., :channels]


def finish_prediction(outputs: npt.NDArray[np.float32], inputs: NetworkInputs, release: Release) -> Prediction:
    """Make predictions for (N, 56, 56, C) inputs from the members' outputs, (N, members, 2).

    That is their mean; for images with context the blend, if the release has one; for images without context the mean
    of the image members, if there are any.

    Raises
    ------
    ReleaseError
        When an output is not a probability.
    """
    manifest = release.manifest
    mean = average_members(outputs, manifest.off_index, manifest.temperature)
    if not (manifest.uses_context and manifest.image_members):
        return mean
    images_alone = outputs[:, : manifest.image_members]
    alone = average_members(images_alone, manifest.off_index, manifest.temperature)
    in_context = mean.off_sample_probability
    if release.blend is not None:
        kinds = (images_alone, outputs[:, manifest.image_members :])
        probabilities = [average_members(kind, manifest.off_index).off_sample_probability for kind in kinds]
        in_context = release.blend.apply(np.stack(probabilities, axis=1), inputs)
    known = has_context(inputs)
    return Prediction(
        np.where(known, in_context, alone.off_sample_probability),
        np.where(known, mean.member_spread, alone.member_spread),
    )


def average_members(outputs: npt.NDArray[np.float32], off_index: int, temperature: float = 1.0) -> Prediction:
    """Average the members' softmax outputs, (N, members, 2), into a prediction, and divide its logit by `temperature`.

    The spread is that of the unscaled members.

    Raises
    ------
    ReleaseError
        When an output is not a probability.
    """
    off = outputs[:, :, off_index]
    if not (np.isfinite(outputs).all() and (outputs >= 0).all() and np.allclose(outputs.sum(axis=2), 1, atol=1e-3)):
        raise ReleaseError("a member's outputs are not probabilities; expected two that are >= 0 and sum to 1")
    mean = np.clip(off.mean(axis=1, dtype=np.float64), 0, 1)
    if temperature != 1:
        mean = expit(logit(mean) / temperature)  # 0 and 1 are unchanged
    return Prediction(mean.astype(np.float32), off.std(axis=1))
