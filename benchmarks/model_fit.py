"""`Model.fit` against `train_on_batch` in a loop, which fitting uses: `python benchmarks/model_fit.py`.

Both do the same work, so both take the same CPU time; the longer elapsed time of `Model.fit` is spent waiting.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
from measuring import print_machine

from training.fit.epoch import compile_network, one_hot
from training.fit.recipe import PresetName
from training.fit.settings import make_settings

EPOCHS = 8
BATCH = 64


def time_epochs(run: Callable[[], object]) -> list[tuple[float, float]]:
    """Seconds by the clock and of the CPU of every epoch, after a warm-up."""
    run()
    found = []
    for _ in range(EPOCHS):
        clock, cpu = time.perf_counter(), time.process_time()
        run()
        found.append((time.perf_counter() - clock, time.process_time() - cpu))
    return found


print_machine()
generator = np.random.default_rng(0)
for images in (640, 1_600, 3_200):
    inputs = generator.random((images, 56, 56, 2), dtype=np.float32)
    targets = one_hot(generator.random(images) < 0.5)
    settings = make_settings(PresetName.DEFAULT, images=images, members=1)
    looped, fitted = (compile_network(settings, name) for name in ("looped", "fitted"))

    def loop(model: keras.Model = looped, x: np.ndarray = inputs, y: np.ndarray = targets) -> None:
        """One epoch, batch by batch."""
        for at in range(0, len(x), BATCH):
            model.train_on_batch(x[at : at + BATCH], y[at : at + BATCH], return_dict=True)

    def fit(model: keras.Model = fitted, x: np.ndarray = inputs, y: np.ndarray = targets) -> None:
        """One epoch by Keras' own loop."""
        model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)

    print(f"{images:,} images, {EPOCHS} epochs")
    for name, run in (("train_on_batch", loop), ("Model.fit", fit)):
        epochs = time_epochs(run)
        clock = [f"{seconds:.2f}" for seconds, _ in sorted(epochs)]
        print(f"  {name}: by the clock {', '.join(clock)} s; CPU {np.mean([cpu for _, cpu in epochs]):.2f} s an epoch")
