"""Area networks on ONNX Runtime: the fast way on CPU."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from model_store.area.reading import Array
from shared.errors import ReleaseError

_BATCH = 32
"""Images per run; larger batches do not fit into the CPU's cache."""


class OnnxAreaNetworks:
    """Runs the graphs that a release holds as `.onnx` files."""

    def __init__(self, paths: Mapping[str, Path], options: onnxruntime.SessionOptions) -> None:
        """Open the graphs.

        Parameters
        ----------
        paths
            By the names of `model_store/area/graphs.py`.

        Raises
        ------
        ReleaseError
            When one cannot be opened.
        """
        self._sessions = {name: _open(path, options) for name, path in paths.items()}

    def encode(self, pixels: Array) -> list[Array]:
        """Features and thumbnails."""
        return self._run_on_images("encode", [pixels], [])

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        return self._run("context", inputs)

    def judge(self, images: list[Array], shared: list[Array]) -> list[Array]:
        """Conditional logits and outputs."""
        return self._run_on_images("judge", images, shared)

    def verdict(self, inputs: list[Array]) -> list[Array]:
        """Area logits."""
        return self._run("verdict", inputs)

    def _run_on_images(self, graph: str, images: list[Array], shared: list[Array]) -> list[Array]:
        parts = [
            self._run(graph, [*(one[start : start + _BATCH] for one in images), *shared])
            for start in range(0, len(images[0]), _BATCH)
        ]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _run(self, graph: str, inputs: list[Array]) -> list[Array]:
        session = self._sessions[graph]
        names = [one.name for one in session.get_inputs()]
        found: list[Array] = session.run(None, dict(zip(names, inputs, strict=True)))
        return found


def _open(path: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors share no base class
        raise ReleaseError(f"{path} cannot be opened: {error}") from error
