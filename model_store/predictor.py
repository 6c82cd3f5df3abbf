"""The predictor: what runs a release on network inputs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_store.release import Release
from shared.errors import ReleaseError
from shared.preprocessing import NetworkInputs

Probabilities = npt.NDArray[np.float32]


class Engine(StrEnum):
    """What computes: `auto` takes TensorFlow where it sees a GPU, and ONNX Runtime otherwise."""

    AUTO = "auto"
    ONNX = "onnx"
    TENSORFLOW = "tensorflow"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What an ensemble says of N network inputs."""

    off_sample_probability: Probabilities
    """(N,) float32 in [0, 1], the members' mean."""

    member_spread: Probabilities
    """(N,) float32, standard deviation over the members."""


class Predictor(Protocol):
    """Runs one release."""

    release: Release
    engine: Engine

    def predict(self, inputs: NetworkInputs) -> Prediction:
        """Predict for (N, 56, 56) float32 in [0, 1]; N may be 0."""
        ...


def average_members(outputs: npt.NDArray[np.float32], off_index: int) -> Prediction:
    """Average the members' softmax outputs, (N, members, 2), into a prediction.

    Raises
    ------
    ReleaseError
        When an output is not a probability.
    """
    off = outputs[:, :, off_index]
    if not (np.isfinite(outputs).all() and (outputs >= 0).all() and np.allclose(outputs.sum(axis=2), 1, atol=1e-3)):
        raise ReleaseError("a member's outputs are no probabilities; right would be two that are >= 0 and sum to 1")
    return Prediction(np.clip(off.mean(axis=1), 0, 1), off.std(axis=1))
