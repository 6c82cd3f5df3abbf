"""The ensemble as one ONNX graph, and the check that it computes the same as its members."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnxruntime

from shared.errors import ReleaseError
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs
from training.fit.quiet_tensorflow import native_errors_hidden

AGREEMENT = 1e-5
"""Largest difference of any output between ONNX Runtime and Keras at which a release may be published."""


def export_ensemble(members: Sequence[keras.Model], path: Path) -> None:
    """Write one graph: inputs (N, 56, 56, C), N variable, outputs (N, members, 2); members use the first channels."""
    shape = (INPUT_SIDE_PX, INPUT_SIDE_PX, _most_channels(members))
    inputs = keras.Input(shape, name="ion_image")
    outputs = keras.ops.stack([member(_take_channels(inputs, member), training=False) for member in members], axis=1)
    ensemble = keras.Model(inputs, outputs, name="ensemble")
    ensemble(np.zeros((1, *shape), dtype=np.float32))  # export needs a model that was called
    with warnings.catch_warnings(), native_errors_hidden():
        warnings.simplefilter("ignore")  # tf2onnx and its protobuf warn about their own internals
        ensemble.export(path, format="onnx", verbose=False)


def require_agreement(members: Sequence[keras.Model], path: Path, inputs: NetworkInputs) -> float:
    """Compare graph and members on (N, 56, 56, C) inputs; return the largest difference of any output.

    Raises
    ------
    ReleaseError
        When it is above `AGREEMENT`, or the graph has another shape.
    """
    used = np.ascontiguousarray(inputs[..., : _most_channels(members)])
    expected = _run_members(members, used)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (actual,) = session.run(None, {session.get_inputs()[0].name: used})
    if actual.shape != expected.shape:
        raise ReleaseError(f"expected {path.name} to have output shape {expected.shape}, got {actual.shape}")
    difference = float(np.abs(actual - expected).max())
    if not difference <= AGREEMENT:
        raise ReleaseError(f"expected {path.name} to agree with its members within {AGREEMENT:g}, got {difference:.2g}")
    return difference


def _run_members(members: Sequence[keras.Model], inputs: NetworkInputs) -> npt.NDArray[np.float32]:
    """(N, members, 2) softmax outputs of Keras."""
    outputs = [member(_take_channels(inputs, member), training=False) for member in members]
    return np.stack([keras.ops.convert_to_numpy(output) for output in outputs], axis=1)


def _take_channels(inputs: Any, member: keras.Model) -> Any:
    """The channels that a member uses, of an array or a symbolic tensor."""
    channels = member.input_shape[-1]
    return inputs if inputs.shape[-1] == channels else inputs[..., :channels]


def _most_channels(members: Sequence[keras.Model]) -> int:
    return max(int(member.input_shape[-1]) for member in members)
