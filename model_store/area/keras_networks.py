"""Area networks on Keras: the reference, and the engine for GPUs."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from model_store.area.graphs import GraphName, MemberParts, build_graphs
from model_store.area.reading import Array

_BATCH = 128
"""Images per run, as in the service; smaller batches are padded with images that do not count."""


class KerasAreaNetworks:
    """Runs the graphs on TensorFlow, on the GPU if there is one."""

    def __init__(self, members: Sequence[MemberParts]) -> None:
        self._run = {name: _compile(graph) for name, graph in build_graphs(members).items()}

    def encode(self, pixels: Array) -> list[Array]:
        """Features and thumbnails."""
        return _join([self._run_on_images("encode", part, []) for part in _split([pixels])])

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        return _to_numpy(self._run["context"](inputs))

    def judge(self, images: list[Array], shared: list[Array]) -> list[Array]:
        """Conditional logits and outputs."""
        return _join([self._run_on_images("judge", part, shared) for part in _split(images)])

    def verdict(self, inputs: list[Array]) -> list[Array]:
        """Area logits."""
        return _to_numpy(self._run["verdict"](inputs))

    def _run_on_images(self, graph: GraphName, images: list[Array], shared: list[Array]) -> list[Array]:
        padded = [_pad(one) for one in images]
        return [found[: len(images[0])] for found in _to_numpy(self._run[graph]([*padded, *shared]))]


def _compile(graph: keras.Model) -> "tf.types.experimental.PolymorphicFunction":
    return tf.function(lambda inputs: graph(inputs if len(inputs) > 1 else inputs[0], training=False))


def _split(images: list[Array]) -> Iterator[list[Array]]:
    return ([one[start : start + _BATCH] for one in images] for start in range(0, len(images[0]), _BATCH))


def _join(parts: list[list[Array]]) -> list[Array]:
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _pad(images: Array) -> Array:
    padded = np.zeros((_BATCH, *images.shape[1:]), dtype=np.float32)
    padded[: len(images)] = images
    return padded


def _to_numpy(found: object) -> list[Array]:
    tensors = found if isinstance(found, list | tuple) else [found]
    return [np.asarray(one) for one in tensors]
