"""Readings of acquisitions by networks that saw neither them, nor their series, nor their textures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from model_store.area.graphs import take_parts
from model_store.area.keras_networks import KerasAreaNetworks
from model_store.area.reading import AreaReading, read_area
from shared.preprocessing import NetworkInputs, describe_missing_signal, preprocess
from training.acquisitions.acquisition import Acquisition, AreaTruth
from training.acquisitions.folds import find_folds
from training.area.run import AreaRun, NetworkTask, list_folds

IONS: tuple[int | None, ...] = (None, 30, 10, 3, 1)
"""Numbers of ions that are read together; None = all of the acquisition."""

_REPEATS = 20
"""Random choices of that many ions of an acquisition."""

_SEED = 20261126
_BATCH = 128


@dataclass(frozen=True, eq=False)
class HeldOutReading:
    """What the networks of one fold read in some ions of an acquisition that the fold holds out.

    Attributes
    ----------
    acquisition, series, truth
        Its name, its series, and whether it has off-sample area.
    ions
        One of `IONS`.
    rows
        (n,) numbers of the ions read, among those with signal.
    labels
        (n,) int: 1 = off, 0 = on, -1 = not labelled or unclear.
    """

    acquisition: str
    series: str
    truth: AreaTruth
    ions: int | None
    rows: npt.NDArray[np.intp]
    labels: npt.NDArray[np.intp]
    reading: AreaReading


@dataclass(frozen=True, eq=False)
class PreparedAcquisition:
    """The ion images of an acquisition that show a signal, as network inputs, (N, 56, 56, 2), and their labels."""

    acquisition: Acquisition
    inputs: NetworkInputs
    labels: npt.NDArray[np.intp]


def prepare(acquisition: Acquisition) -> PreparedAcquisition:
    """Preprocess all ion images with a signal."""
    images = acquisition.ion_images
    rows = [row for row, image in enumerate(images) if describe_missing_signal(image) is None]
    codes = {"on": 0, "off": 1}
    labels = [codes.get(acquisition.effective_labels[row] or "", -1) for row in rows]
    return PreparedAcquisition(acquisition, preprocess([images[row] for row in rows]), np.asarray(labels))


def read_held_out(
    run: AreaRun, prepared: Mapping[str, PreparedAcquisition], on_acquisition: Callable[[str], None]
) -> Iterator[HeldOutReading]:
    """Every acquisition that a fold holds out, with all its ions and with random choices of a few.

    Parameters
    ----------
    prepared
        By the name of the acquisition.
    """
    folds = list_folds(run.settings())
    names = list(prepared)
    fold_of = find_folds(folds, names)
    for number in range(len(folds)):
        networks = open_networks(run, [NetworkTask(number, k) for k in range(1, run.settings().fold_members + 1)])
        for row in np.flatnonzero(fold_of == number):
            yield from read_choices(networks, prepared[names[row]])
            on_acquisition(names[row])


def open_networks(run: AreaRun, tasks: Sequence[NetworkTask]) -> KerasAreaNetworks:
    """The finished networks of these tasks, as one ensemble."""
    loaded = [keras.saving.load_model(run.network_path(task), compile=False) for task in tasks]
    return KerasAreaNetworks([take_parts(network) for network in loaded])


def read_choices(networks: KerasAreaNetworks, prepared: PreparedAcquisition) -> Iterator[HeldOutReading]:
    """Readings for each of `IONS` that the acquisition has."""
    one, count = prepared.acquisition, len(prepared.inputs)
    rng = np.random.default_rng(_SEED)
    for ions in IONS:
        if ions is not None and ions >= count:
            continue
        for _ in range(1 if ions is None else _REPEATS):
            rows = np.arange(count) if ions is None else np.sort(rng.choice(count, ions, replace=False))
            reading = read_area(networks, lambda rows=rows: _batches(prepared.inputs[rows]))  # type: ignore[misc]
            if reading is not None:
                labels = prepared.labels[rows]
                yield HeldOutReading(one.name, one.series, one.off_sample_area, ions, rows, labels, reading)


def _batches(inputs: NetworkInputs) -> list[NetworkInputs]:
    return [inputs[start : start + _BATCH] for start in range(0, len(inputs), _BATCH)]
