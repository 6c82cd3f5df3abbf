"""Choose and open the predictor for this machine."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release
from shared.errors import ConfigurationError
from shared.preprocessing import INPUT_SIDE_PX, NETWORK_CHANNELS


def choose_engine(wanted: Engine) -> Engine:
    """Resolve `auto` for this machine; return any other engine if it is installed."""
    if wanted is Engine.AUTO:
        return Engine.TENSORFLOW if visible_gpus() and find_spec("tensorflow") else Engine.ONNX
    if wanted is Engine.TENSORFLOW and find_spec("tensorflow") is None:
        raise ConfigurationError(
            "engine tensorflow needs TensorFlow, which is not installed; install it with pip install 'offsample[gpu]'"
        )
    return wanted


def open_predictor(release: Release, engine: Engine, threads: int | None = None) -> Predictor:
    """Open and warm a predictor; call it only after the fork (TensorFlow hangs otherwise).

    Parameters
    ----------
    threads
        CPU threads of ONNX Runtime; None = all cores.
    """
    chosen = choose_engine(engine)
    predictor: Predictor
    if chosen is Engine.TENSORFLOW:
        from model_store.predictors.tensorflow import TensorFlowPredictor  # noqa: PLC0415 - half a gigabyte, GPU only

        predictor = TensorFlowPredictor(release)
    else:
        from model_store.predictors.onnx import OnnxPredictor  # noqa: PLC0415 - must not be loaded before the fork

        predictor = OnnxPredictor(release, threads)
    predictor.predict(np.zeros((1, INPUT_SIDE_PX, INPUT_SIDE_PX, len(NETWORK_CHANNELS)), dtype=np.float32))
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
