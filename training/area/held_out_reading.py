"""The reading of a held-out acquisition, and the acquisition as networks see it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.area.reading import AreaReading
from shared.preprocessing import NetworkInputs, describe_missing_signal, preprocess
from training.acquisitions.acquisition import Acquisition, AreaTruth

IONS: tuple[int | None, ...] = (None, 30, 10, 3, 1)
"""Numbers of ions that are read together; None = all of the acquisition."""


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
