"""ONNX Runtime against Keras on TensorFlow, the same release on the same CPU: `python benchmarks/predictors.py`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from measuring import compare, print_machine

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import open_release

IMAGES = 1024

release = open_release()
inputs = np.random.default_rng(0).random((IMAGES, 56, 56, 2), dtype=np.float32)
tensorflow = open_predictor(release, Engine.TENSORFLOW)
onnx = open_predictor(release, Engine.ONNX)
difference = np.abs(
    tensorflow.predict(inputs).off_sample_probability - onnx.predict(inputs).off_sample_probability
).max()

print_machine()
print(f"release {release.version}, {IMAGES} images, largest difference {difference:.1g}")
compare("Keras on TensorFlow", lambda: tensorflow.predict(inputs), "ONNX Runtime", lambda: onnx.predict(inputs), IMAGES)
