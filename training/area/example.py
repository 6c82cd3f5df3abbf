"""The examples that area networks are fitted on: small datasets whose area, sample mask and labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.files.whole_file import write_whole
from shared.preprocessing import INPUT_SIDE_PX, preprocess, resize_mask
from training.labelled.labelled_image import Label
from training.synthetic.whole_dataset import WholeDataset
from training.windows.window import RealWindow

_CODES: dict[Label | None, int] = {"on": 0, "off": 1, None: -1}
_LEVELS = 255

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class AreaExample:
    """One window of a real acquisition, or one semi-synthetic dataset.

    Attributes
    ----------
    origin
        Name of the acquisition, or of the texture source; decides in which folds the example may be used.
    real
        Whether it is a window.
    has_area
        Whether it has off-sample area.
    images
        (n, 56, 56), network inputs in steps of 1/255.
    planes
        (3, 56, 56) in steps of 1/255: share of each pixel that was acquired, that is sample, and whose region is known.
    labels
        (n,) int8: 1 = off, 0 = on, -1 = ambiguous.
    """

    origin: str
    real: bool
    has_area: bool
    images: Bytes
    planes: Bytes
    labels: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """The number of ions, n."""
        return len(self.images)


def from_window(window: RealWindow) -> AreaExample:
    """The example that a window is."""
    inputs = preprocess(window.ion_images)
    known = window.sample_mask | window.off_sample_mask
    return AreaExample(
        origin=window.acquisition,
        real=True,
        has_area=window.has_off_sample_area,
        images=_quantise(inputs[..., 0]),
        planes=_quantise(np.stack([inputs[0, ..., 1], resize_mask(window.sample_mask), resize_mask(known)])),
        labels=_encode(window.labels),
    )


def from_dataset(dataset: WholeDataset) -> AreaExample:
    """The example that a semi-synthetic dataset is."""
    inputs = preprocess(dataset.ion_images)
    scene = dataset.scene
    sample = resize_mask(scene.sample_mask & scene.acquisition_mask)
    return AreaExample(
        origin=dataset.group[1],
        real=False,
        has_area=dataset.has_off_sample_area,
        images=_quantise(inputs[..., 0]),
        planes=_quantise(np.stack([inputs[0, ..., 1], sample, inputs[0, ..., 1]])),
        labels=_encode(dataset.labels),
    )


def _quantise(values: npt.NDArray[np.float32]) -> Bytes:
    return np.rint(np.clip(values, 0, 1) * _LEVELS).astype(np.uint8)


def _encode(labels: Sequence[Label | None]) -> npt.NDArray[np.int8]:
    return np.asarray([_CODES[label] for label in labels], dtype=np.int8)


def write_examples(examples: Sequence[AreaExample], path: Path) -> None:
    """Write examples to one `.npz` file, atomically."""
    with write_whole(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            origin=np.asarray([example.origin for example in examples], dtype=np.str_),
            real=np.asarray([example.real for example in examples]),
            has_area=np.asarray([example.has_area for example in examples]),
            ions=np.asarray([len(example) for example in examples]),
            images=np.concatenate([example.images for example in examples]),
            planes=np.stack([example.planes for example in examples]),
            labels=np.concatenate([example.labels for example in examples]),
        )


def read_examples(path: Path) -> list[AreaExample]:
    """Read what `write_examples` wrote."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    ends = np.cumsum(arrays["ions"])
    parts = [slice(int(end - ions), int(end)) for end, ions in zip(ends, arrays["ions"], strict=True)]
    return [
        AreaExample(
            origin=str(arrays["origin"][row]),
            real=bool(arrays["real"][row]),
            has_area=bool(arrays["has_area"][row]),
            images=arrays["images"][part].reshape(-1, INPUT_SIDE_PX, INPUT_SIDE_PX),
            planes=arrays["planes"][row],
            labels=arrays["labels"][part],
        )
        for row, part in enumerate(parts)
    ]
