"""Keras on TensorFlow: the reference, and the engine for GPUs."""

import keras
import numpy as np
import tensorflow as tf

from model_store.area.graphs import take_parts
from model_store.area.keras_networks import KerasAreaNetworks
from model_store.area.reading import AreaNetworks
from model_store.predictors.predictor import Engine, Prediction, finish_prediction, take_channels
from model_store.release import Release
from shared.errors import ReleaseError
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

_BATCH = 128
"""Images per run, as in the service; smaller batches are padded, so that the graph is traced once."""


class TensorFlowPredictor:
    """Runs the members' Keras models, on the GPU if there is one."""

    engine = Engine.TENSORFLOW

    def __init__(self, release: Release) -> None:
        self.release = release
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        # Otherwise GPUs round the inputs of convolutions to 10 bits.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        try:
            members = [keras.saving.load_model(path, compile=False) for path in release.member_paths]
            area = [take_parts(keras.saving.load_model(path, compile=False)) for path in release.area_member_paths]
        except (OSError, ValueError, TypeError) as error:
            raise ReleaseError(f"members of release {release.version} cannot be opened: {error}") from error
        self.area_networks: AreaNetworks | None = KerasAreaNetworks(area) if area else None
        self._input_shape = (_BATCH, INPUT_SIDE_PX, INPUT_SIDE_PX, len(release.manifest.input.channels))
        signature = [tf.TensorSpec(self._input_shape, tf.float32)]

        def run(batch: tf.Tensor) -> tf.Tensor:
            seen = [batch[..., : member.input_shape[-1]] for member in members]
            return tf.stack([member(one, training=False) for member, one in zip(members, seen, strict=True)], axis=1)

        self._run = tf.function(run, input_signature=signature)

    def predict(self, inputs: NetworkInputs) -> Prediction:
        """Predict for (N, 56, 56, C) float32 in [0, 1]."""
        seen = take_channels(inputs, self.release.manifest)
        members = len(self.release.manifest.members)
        outputs = np.empty((len(seen), members, 2), dtype=np.float32)
        padded = np.zeros(self._input_shape, dtype=np.float32)
        for start in range(0, len(seen), _BATCH):
            batch = seen[start : start + _BATCH]
            padded[: len(batch)] = batch
            outputs[start : start + len(batch)] = self._run(padded).numpy()[: len(batch)]
        return finish_prediction(outputs, seen, self.release)
