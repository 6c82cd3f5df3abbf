"""ONNX Runtime: the whole ensemble as one graph, the fast way on CPU."""

import numpy as np
import numpy.typing as npt
import onnxruntime

from model_store.area.onnx_networks import OnnxAreaNetworks
from model_store.area.reading import AreaNetworks
from model_store.predictors.predictor import Engine, Prediction, finish_prediction, take_channels
from model_store.release import Release
from shared.errors import ReleaseError
from shared.preprocessing import NetworkInputs

_BATCH = 64
"""Images per run; larger batches do not fit into the CPU's cache."""


class OnnxPredictor:
    """Runs `ensemble.onnx`: input (N, 56, 56, C), output (N, members, 2)."""

    engine = Engine.ONNX

    def __init__(self, release: Release, threads: int | None = None) -> None:
        self.release = release
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # Spinning threads would occupy the cores that read, decode and preprocess the next images.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(release.onnx_path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own errors share no base class
            raise ReleaseError(f"{release.onnx_path} cannot be opened: {error}") from error
        paths = release.area_graph_paths
        self.area_networks: AreaNetworks | None = OnnxAreaNetworks(paths, options) if paths else None
        self._input_name = self._session.get_inputs()[0].name

    def predict(self, inputs: NetworkInputs) -> Prediction:
        """Predict for (N, 56, 56, C) float32 in [0, 1]."""
        seen = take_channels(inputs, self.release.manifest)
        members = len(self.release.manifest.members)
        outputs = np.empty((len(seen), members, 2), dtype=np.float32)
        for start in range(0, len(seen), _BATCH):
            outputs[start : start + _BATCH] = self._run(seen[start : start + _BATCH])
        return finish_prediction(outputs, seen, self.release)

    def _run(self, batch: NetworkInputs) -> npt.NDArray[np.float32]:
        """(N, members, 2) of (N, 56, 56, C); a graph of fewer members must not be broadcast to more."""
        found: npt.NDArray[np.float32] = self._session.run(None, {self._input_name: batch})[0]
        expected = (len(batch), len(self.release.manifest.members), 2)
        if found.shape != expected:
            raise ReleaseError(f"{self.release.onnx_path} returns shape {found.shape}; expected {expected}")
        return found
