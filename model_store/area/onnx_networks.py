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

    def survey(self, pixels: Array) -> list[Array]:
        """Sums over the images."""
        totals: list[Array] = []
        for part in _split(pixels):
            sums = self._run("survey", [part, np.ones(len(part), dtype=np.float32)])
            totals = [one + other for one, other in zip(totals, sums, strict=True)] if totals else sums
        return totals

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        return self._run("context", inputs)

    def judge(self, pixels: Array, shared: list[Array]) -> list[Array]:
        """Conditional logits of the images, and sums over them."""
        found = [self._run("judge", [part, np.ones(len(part), dtype=np.float32), *shared]) for part in _split(pixels)]
        return [np.concatenate([logits for logits, _ in found]), np.sum([sums for _, sums in found], axis=0)]

    def verdict(self, inputs: list[Array]) -> list[Array]:
        """Area logits."""
        return self._run("verdict", inputs)

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


def _split(pixels: Array) -> list[Array]:
    return [pixels[start : start + _BATCH] for start in range(0, len(pixels), _BATCH)]
