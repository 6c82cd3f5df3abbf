"""Area networks on Keras: the reference, and the engine for GPUs."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from model_store.area.graphs import MemberParts, build_graphs
from model_store.area.reading import Array

_BATCH = 128
"""Images per run, as in the service; smaller batches are padded with images that do not count."""


class KerasAreaNetworks:
    """Runs the graphs on TensorFlow, on the GPU if there is one."""

    def __init__(self, members: Sequence[MemberParts]) -> None:
        self._run = {name: _compile(graph) for name, graph in build_graphs(members).items()}

    def survey(self, pixels: Array) -> list[Array]:
        """Sums over the images."""
        totals: list[Array] = []
        for batch, counted in _pad(pixels):
            sums = _to_numpy(self._run["survey"]([batch, counted]))
            totals = sums if not totals else [one + other for one, other in zip(totals, sums, strict=True)]
        return totals

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        return _to_numpy(self._run["context"](inputs))

    def judge(self, pixels: Array, shared: list[Array]) -> list[Array]:
        """Conditional logits of the images, and sums over them."""
        logits: list[Array] = []
        total: Array | None = None
        for batch, counted in _pad(pixels):
            found, sums = _to_numpy(self._run["judge"]([batch, counted, *shared]))
            logits.append(found[: int(counted.sum())])
            total = sums if total is None else total + sums
        return [np.concatenate(logits), np.asarray(total)]

    def verdict(self, inputs: list[Array]) -> list[Array]:
        """Area logits."""
        return _to_numpy(self._run["verdict"](inputs))


def _compile(graph: keras.Model) -> "tf.types.experimental.PolymorphicFunction":
    return tf.function(lambda inputs: graph(inputs, training=False))


def _pad(pixels: Array) -> list[tuple[Array, Array]]:
    parts = []
    for start in range(0, len(pixels), _BATCH):
        part = pixels[start : start + _BATCH]
        padded = np.zeros((_BATCH, *pixels.shape[1:]), dtype=np.float32)
        padded[: len(part)] = part
        parts.append((padded, (np.arange(_BATCH) < len(part)).astype(np.float32)))
    return parts


def _to_numpy(found: object) -> list[Array]:
    tensors = found if isinstance(found, list | tuple) else [found]
    return [np.asarray(one) for one in tensors]
