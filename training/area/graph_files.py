"""The area networks of a release as files: Keras models, and their graphs for ONNX Runtime."""

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import onnxruntime
from scipy.special import expit

from model_store.area.graphs import GRAPHS, build_graphs, take_parts
from model_store.area.keras_networks import KerasAreaNetworks
from model_store.area.onnx_networks import OnnxAreaNetworks
from model_store.area.reading import AreaNetworks, AreaReading, Array, read_area
from shared.errors import ReleaseError
from shared.preprocessing import ALL_CHANNELS, INPUT_SIDE_PX, NetworkInputs
from training.fit.quiet_tensorflow import native_errors_hidden
from training.release.ensemble_graph import AGREEMENT

_RANDOM_IONS = (1, 7, 150)
_BATCH = 64


def name_area_members(members: int) -> list[str]:
    """File names of the area networks, in order."""
    return [f"area_member_{number}.keras" for number in range(1, members + 1)]


def name_graph(graph: str) -> str:
    """File name of a graph."""
    return f"area_{graph}.onnx"


def build_area_files(network_paths: Sequence[Path], folder: Path, datasets: Sequence[NetworkInputs]) -> None:
    """Write members and graphs, and check that both engines read random and real datasets alike.

    Parameters
    ----------
    datasets
        (N, 56, 56, 2) each.

    Raises
    ------
    ReleaseError
        When any probability differs by more than `AGREEMENT`.
    """
    names = name_area_members(len(network_paths))
    for name, path in zip(names, network_paths, strict=True):
        shutil.copyfile(path, folder / name)
    for graph, model in build_graphs([take_parts(_load(folder / name)) for name in names]).items():
        _export(model, folder / name_graph(graph))
    keras_networks = KerasAreaNetworks([take_parts(_load(folder / name)) for name in names])
    options = onnxruntime.SessionOptions()
    onnx_networks = OnnxAreaNetworks({graph: folder / name_graph(graph) for graph in GRAPHS}, options)
    rng = np.random.default_rng(0)
    shape = (INPUT_SIDE_PX, INPUT_SIDE_PX, len(ALL_CHANNELS))
    random = [rng.random((ions, *shape), dtype=np.float32) for ions in _RANDOM_IONS]
    for inputs in (*random, *datasets):
        require_same_reading(keras_networks, onnx_networks, inputs)


def require_same_reading(one: AreaNetworks, other: AreaNetworks, inputs: NetworkInputs) -> float:
    """Read a dataset, (N, 56, 56, 2), with both; return the largest difference of any probability of the ensemble.

    Raises
    ------
    ReleaseError
        When it is above `AGREEMENT`.
    """
    first, second = (_read(networks, inputs) for networks in (one, other))
    difference = max(
        float(np.abs(_average(left) - _average(right)).max())
        for left, right in ((first.area_logits, second.area_logits), (first.off_logits, second.off_logits))
    )
    if not difference <= AGREEMENT:
        raise ReleaseError(
            f"expected the area networks of both engines to agree within {AGREEMENT:g} on a dataset of {len(inputs)}"
            f" ions, got a difference of {difference:.2g}"
        )
    return difference


def _read(networks: AreaNetworks, inputs: NetworkInputs) -> AreaReading:
    found = read_area(networks, lambda: [inputs[start : start + _BATCH] for start in range(0, len(inputs), _BATCH)])
    if found is None:
        raise ReleaseError("expected a dataset with ion images, got none")
    return found


def _average(logits: Array) -> Array:
    """The probability of an ensemble, from the log-odds of its members on the last axis."""
    return np.asarray(expit(logits.mean(axis=-1, dtype=np.float64)), dtype=np.float32)


def _load(path: Path) -> keras.Model:
    loaded: keras.Model = keras.saving.load_model(path, compile=False)
    return loaded


def _export(model: keras.Model, path: Path) -> None:
    inputs = [np.zeros([side or 1 for side in one.shape], dtype=np.float32) for one in model.inputs]
    model(inputs if len(inputs) > 1 else inputs[0])
    with warnings.catch_warnings(), native_errors_hidden():
        warnings.simplefilter("ignore")  # tf2onnx and its protobuf warn about their own internals
        model.export(path, format="onnx", verbose=False)
