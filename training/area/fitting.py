"""Fitting of area networks: one process for each core, each network resumable every few hundred steps."""

import csv
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import keras
import numpy as np

from training.acquisitions.series import list_acquisitions
from training.area.batches import BatchSource
from training.area.drawing import draw_pool
from training.area.example import AreaExample
from training.area.network import build_network
from training.area.run import AreaRun, NetworkTask, keep_examples, list_tasks
from training.area.settings import AreaSettings
from training.fit.run_folder import save_whole

LOSS_WEIGHTS = {"off": 1.0, "conditional": 0.3, "area": 0.24, "guess": 0.16, "sample_mask": 0.5}
"""`off` is the label of an ion whether or not its dataset has off-sample area; it is what counts."""

_BLOCK_STEPS = 250
"""Steps between two saved states."""

_WARM_UP_STEPS = 30
_LOWEST_RATE = 0.02
"""Share of the learning rate at which the cosine schedule ends."""

_CLIP_NORM = 2.0

OnNetwork = Callable[[NetworkTask, int, int], None]
"""Called with a finished network, the number of finished networks and that of all."""


def fit_area_networks(
    settings: AreaSettings, run: AreaRun, on_part: Callable[[int, int], None], on_network: OnNetwork
) -> None:
    """Fit every network that `run` lacks; calling it again after an interruption resumes.

    Raises
    ------
    InvalidInputError
        When the folder holds a run with other settings.
    """
    run.begin(settings)
    tasks = list_tasks(settings)
    missing = [task for task in tasks if not run.network_path(task).exists()]
    if not missing:
        return
    draw_pool(run.examples_path, settings.examples, settings.mixture, settings.seed, on_part)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as executor:
        waiting = {executor.submit(_fit_in_process, run.path, settings, task): task for task in missing}
        for done, one in enumerate(as_completed(waiting), start=len(tasks) - len(missing) + 1):
            one.result()
            on_network(waiting[one], done, len(tasks))


def _fit_in_process(path: Path, settings: AreaSettings, task: NetworkTask) -> None:
    """Fit one network on one core: two small networks side by side are faster than one on two cores."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # noqa: PLC0415 - only with Keras' default backend, and before its first operation

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    run = AreaRun(path)
    pool = draw_pool(run.examples_path, settings.examples, settings.mixture, settings.seed, lambda *_: None)
    fit_network(settings, run, task, pool)


def fit_network(
    settings: AreaSettings,
    run: AreaRun,
    task: NetworkTask,
    pool: Sequence[AreaExample],
    *,
    block_steps: int = _BLOCK_STEPS,
    on_block: Callable[[int], None] = lambda _: None,
) -> None:
    """Fit one network on the examples that its fold may see, and save it without its optimiser.

    Parameters
    ----------
    block_steps
        Steps between two saved states, from which an interrupted fit goes on.
    on_block
        Called with the number of steps that are done and saved.
    """
    examples = keep_examples(settings, task, pool)
    series = {one.name: one.series for one in list_acquisitions()}
    source = BatchSource(examples, [series[example.origin] for example in examples], settings)
    model = _open_state(settings, run, task)
    done = int(model.optimizer.iterations)
    while done < settings.steps:
        steps = min(block_steps - done % block_steps, settings.steps - done)
        rng = np.random.default_rng((*_seed(settings, task), done))
        losses = [model.train_on_batch(*source.draw(rng), return_dict=True) for _ in range(steps)]
        done += steps
        _log(run.log_path(task), done, losses)
        save_whole(model, run.state_path(task))
        on_block(done)
    fitted = build_network(settings.datasets, name=task.name)
    fitted.set_weights(model.get_weights())
    save_whole(fitted, run.network_path(task))
    run.state_path(task).unlink()


def _open_state(settings: AreaSettings, run: AreaRun, task: NetworkTask) -> keras.Model:
    """The network as saved after its last block, or a new one with its own seed."""
    if run.state_path(task).exists():
        saved: keras.Model = keras.saving.load_model(run.state_path(task))
        return saved
    keras.utils.set_random_seed(int(np.random.default_rng(_seed(settings, task)).integers(2**31)))
    model = build_network(settings.datasets, name=task.name)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / _WARM_UP_STEPS,
        settings.steps,
        alpha=_LOWEST_RATE,
        warmup_target=settings.learning_rate,
        warmup_steps=_WARM_UP_STEPS,
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=settings.weight_decay, global_clipnorm=_CLIP_NORM),
        loss={name: keras.losses.BinaryCrossentropy() for name in LOSS_WEIGHTS},
        loss_weights=LOSS_WEIGHTS,
        jit_compile=False,
    )
    return model


def _seed(settings: AreaSettings, task: NetworkTask) -> tuple[int, ...]:
    return (settings.seed, 0 if task.fold is None else task.fold + 1, task.member)


def _log(path: Path, step: int, losses: Sequence[dict[str, float]]) -> None:
    """Append the last losses of a block; Keras' own are means since the first step."""
    names = sorted(losses[-1])
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(["step", *names])
        writer.writerow([step, *(f"{float(losses[-1][name]):.4f}" for name in names)])
