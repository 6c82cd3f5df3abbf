"""Readings of acquisitions by networks that saw neither them, nor their series, nor their textures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import keras
import numpy as np

from model_store.area.graphs import take_parts
from model_store.area.keras_networks import KerasAreaNetworks
from model_store.area.reading import read_area
from shared.preprocessing import NetworkInputs
from shared.progress import ProgressCallback, ignore_progress
from training.acquisitions.folds import find_folds
from training.area.held_out_reading import IONS, HeldOutReading, PreparedAcquisition
from training.area.run import AreaRun, NetworkTask, list_folds

REPEATS = 20
"""Random choices of that many ions of an acquisition."""

_SEED = 20261126
_BATCH = 128


def read_held_out(
    run: AreaRun,
    prepared: Mapping[str, PreparedAcquisition],
    repeats: int = REPEATS,
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[HeldOutReading]:
    """Every acquisition that a fold holds out, with all its ions and with random choices of a few.

    Parameters
    ----------
    prepared
        By the name of the acquisition.
    repeats
        Random choices of each number of ions.
    """
    folds = list_folds(run.settings())
    names = list(prepared)
    fold_of = find_folds(folds, names)
    read, held_out = 0, int(np.count_nonzero(fold_of >= 0))
    for number in range(len(folds)):
        networks = open_networks(run, [NetworkTask(number, k) for k in range(1, run.settings().fold_members + 1)])
        for row in np.flatnonzero(fold_of == number):
            yield from read_choices(networks, prepared[names[row]], repeats)
            read += 1
            on_progress("reading held-out acquisitions", read, held_out)


def open_networks(run: AreaRun, tasks: Sequence[NetworkTask]) -> KerasAreaNetworks:
    """The finished networks of these tasks, as one ensemble."""
    loaded = [keras.saving.load_model(run.network_path(task), compile=False) for task in tasks]
    return KerasAreaNetworks([take_parts(network) for network in loaded])


def read_choices(networks: KerasAreaNetworks, prepared: PreparedAcquisition, repeats: int) -> Iterator[HeldOutReading]:
    """Readings for each of `IONS` that the acquisition has."""
    one, count = prepared.acquisition, len(prepared.inputs)
    rng = np.random.default_rng(_SEED)
    for ions in IONS:
        if ions is not None and ions >= count:
            continue
        for _ in range(1 if ions is None else repeats):
            rows = np.arange(count) if ions is None else np.sort(rng.choice(count, ions, replace=False))
            batches = partial(_batches, prepared.inputs[rows])
            reading = read_area(networks, batches)
            if reading is not None:
                whole = replace(reading, off_logits=reading.judge_all(networks, batches))
                labels = prepared.labels[rows]
                yield HeldOutReading(one.name, one.series, one.off_sample_area, ions, rows, labels, whole)


def _batches(inputs: NetworkInputs) -> list[NetworkInputs]:
    return [inputs[start : start + _BATCH] for start in range(0, len(inputs), _BATCH)]
