"""How far a release's networks on a GPU differ from ONNX Runtime on the CPU, in full and in shortened single precision.

KERAS_BACKEND=jax python benchmarks/gpu_precision.py [VERSION]

The Keras networks run on JAX, which can be told the precision of every product. They predict the ion images of real
acquisitions, many of which are neither clearly off nor clearly on. Needs keras, jax, onnxruntime, scipy, scikit-image.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
import onnxruntime

from shared.ion_image import make_ion_image
from shared.preprocessing import preprocess

CHECKOUT = Path(__file__).parents[1]
BATCH, ROUNDS = 4096, 5
PRECISIONS = ("highest", "tensorfloat32", "bfloat16")

folder = CHECKOUT / "model_store" / "releases" / (sys.argv[1] if len(sys.argv) > 1 else "2026.11.3")


def read_inputs(path: Path) -> np.ndarray:
    """(N, 56, 56, 2) of one acquisition."""
    with np.load(path) as stored:
        acquired = np.broadcast_to(stored["acquired"], stored["images"].shape)
        pairs = zip(stored["images"].astype(np.float32), acquired, strict=True)
        return preprocess([make_ion_image(image, mask) for image, mask in pairs])


found = sorted((CHECKOUT / "training" / "data" / "acquisitions").glob("*/ion_images.npz"))
inputs = np.concatenate([read_inputs(path) for path in found])
session = onnxruntime.InferenceSession(folder / "ensemble.onnx", providers=["CPUExecutionProvider"])
expected = session.run(None, {"ion_image": inputs})[0][:, :, 1].mean(axis=1)
members = [keras.saving.load_model(path, compile=False) for path in sorted(folder.glob("member_?.keras"))]
doubtful = int(((expected > 0.01) & (expected < 0.99)).sum())
print(f"release {folder.name}, {len(inputs)} ion images of {len(found)} acquisitions, {doubtful} between 0.01 and 0.99")
print(f"{jax.devices()[0].device_kind}, JAX {jax.__version__}")


@jax.jit
def predict(batch: jax.Array) -> jax.Array:
    """(N,) off-sample probability, the mean over the members."""
    return sum(member(batch, training=False)[:, 1] for member in members) / len(members)


for precision in PRECISIONS:
    with jax.default_matmul_precision(precision):
        actual = np.asarray(predict(inputs))
        many = jax.device_put(np.resize(inputs, (BATCH, *inputs.shape[1:])))
        predict(many).block_until_ready()
        started = time.perf_counter()
        for _ in range(ROUNDS):
            predict(many).block_until_ready()
        rate = BATCH * ROUNDS / (time.perf_counter() - started)
    difference = np.abs(actual - expected).max()
    flipped = int(((actual >= 0.5) != (expected >= 0.5)).sum())
    print(
        f"{precision:14s} largest difference {difference:.1g}, labels that differ {flipped}, {rate:,.0f} ion images/s"
    )
