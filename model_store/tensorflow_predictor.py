"""Keras on TensorFlow: the reference, and the way on a GPU."""

import keras
import numpy as np
import tensorflow as tf

from model_store.predictor import Engine, Prediction, average_members
from model_store.release import Release
from shared.errors import ReleaseError
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

_BATCH = 256
"""Images per run; the last batch is padded to it, so the graph is traced once."""


class TensorFlowPredictor:
    """Runs the members themselves, on the GPU where there is one."""

    engine = Engine.TENSORFLOW

    def __init__(self, release: Release) -> None:
        self.release = release
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        try:
            members = [keras.saving.load_model(path, compile=False) for path in release.member_paths]
        except (OSError, ValueError, TypeError) as error:
            raise ReleaseError(f"members of release {release.version} cannot be opened: {error}") from error
        signature = [tf.TensorSpec((_BATCH, INPUT_SIDE_PX, INPUT_SIDE_PX, 1), tf.float32)]

        def run(batch: tf.Tensor) -> tf.Tensor:
            return tf.stack([member(batch, training=False) for member in members], axis=1)

        self._run = tf.function(run, input_signature=signature)

    def predict(self, inputs: NetworkInputs) -> Prediction:
        """Predict for (N, 56, 56) float32 in [0, 1]."""
        members = len(self.release.manifest.members)
        outputs = np.empty((len(inputs), members, 2), dtype=np.float32)
        padded = np.zeros((_BATCH, INPUT_SIDE_PX, INPUT_SIDE_PX, 1), dtype=np.float32)
        for start in range(0, len(inputs), _BATCH):
            batch = inputs[start : start + _BATCH]
            padded[: len(batch), :, :, 0] = batch
            outputs[start : start + len(batch)] = self._run(padded).numpy()[: len(batch)]
        return average_members(outputs, self.release.manifest.off_index)
