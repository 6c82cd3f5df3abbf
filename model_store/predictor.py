"""The predictor: what runs a release on network inputs."""

import os
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_store.release import Release
from shared.errors import ConfigurationError, ReleaseError
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

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


def choose_engine(wanted: Engine) -> Engine:
    """What `auto` means on this machine; the others as they are, when they are installed."""
    if wanted is Engine.AUTO:
        return Engine.TENSORFLOW if visible_gpus() and find_spec("tensorflow") else Engine.ONNX
    if wanted is Engine.TENSORFLOW and find_spec("tensorflow") is None:
        raise ConfigurationError(
            "engine is tensorflow and TensorFlow is not installed; right would be 'offsample[gpu]'"
        )
    return wanted


def open_predictor(release: Release, engine: Engine, threads: int | None = None) -> Predictor:
    """Open and warm a predictor; call it after the fork, never before (TensorFlow then hangs).

    Parameters
    ----------
    threads
        CPU threads of ONNX Runtime; None = all cores.
    """
    chosen = choose_engine(engine)
    predictor: Predictor
    if chosen is Engine.TENSORFLOW:
        from model_store.tensorflow_predictor import TensorFlowPredictor  # noqa: PLC0415 - half a gigabyte, GPU only

        predictor = TensorFlowPredictor(release)
    else:
        from model_store.onnx_predictor import OnnxPredictor  # noqa: PLC0415 - must not be loaded before the fork

        predictor = OnnxPredictor(release, threads)
    predictor.predict(np.zeros((1, INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32))
    return predictor


def visible_gpus() -> list[str]:
    """Indices or uuids of the NVIDIA GPUs this process may use, found without loading CUDA."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [device for device in allowed.split(",") if device.strip() and device.strip() != "-1"]
    try:
        return [str(index) for index, _ in enumerate(sorted(Path("/proc/driver/nvidia/gpus").iterdir()))]
    except OSError:
        return []


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
