"""Real textures: patches of unlabelled ion images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.data_root import DATA_ROOT
from training.synthetic.random_field import Field, draw_log_uniform

_TRIES = 8
_ACQUIRED_SHARE = 0.95
_HOT_PERCENTILE = 99.5
_SMOOTHED_SHARE = 0.5
"""Most ions of the sources are weak and noisy; strong ions are smooth. Counting adds noise later."""


@dataclass(frozen=True, eq=False)
class TextureSource:
    """The ion images of one unlabelled dataset."""

    name: str
    images: npt.NDArray[np.float16]
    """(N, H, W)."""

    acquisition_mask: npt.NDArray[np.bool_]
    """(H, W)."""

    @property
    def family(self) -> str:
        """The laboratory's series: datasets of one series stay together."""
        return next((series for series in _SERIES if self.name.startswith(series)), self.name)


_SERIES = ("bacterial_colonies", "la_icp_ms", "maldi_human_tumour")


def load_texture_sources(folder: Path = DATA_ROOT / "unlabelled") -> list[TextureSource]:
    """Every unlabelled dataset, sorted by name."""
    sources = []
    for path in sorted(folder.glob("*/ion_images.npz")):
        with np.load(path) as arrays:
            sources.append(TextureSource(path.parent.name, arrays["images"], arrays["acquired"]))
    return sources


def draw_texture(source: TextureSource, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """A random patch of a random image, flipped, stretched to `shape`, hot spots clipped, mean 1."""
    image = source.images[rng.integers(len(source.images))]
    for _ in range(_TRIES):
        window = _draw_window(source.acquisition_mask.shape, rng)
        patch = image[window].astype(np.float64)
        if source.acquisition_mask[window].mean() >= _ACQUIRED_SHARE and np.count_nonzero(patch) > patch.size / 20:
            break
    else:
        return np.ones(shape)
    patch = np.minimum(patch, np.percentile(patch[patch > 0], _HOT_PERCENTILE))
    patch = patch[:: rng.choice((1, -1)), :: rng.choice((1, -1))]
    if rng.random() < 0.5:
        patch = patch.T
    if rng.random() < _SMOOTHED_SHARE:
        patch = ndimage.gaussian_filter(patch, draw_log_uniform(0.4, 4, rng))
    zoomed = ndimage.zoom(
        patch, (shape[0] / patch.shape[0], shape[1] / patch.shape[1]), order=1, grid_mode=True, mode="nearest"
    )
    return np.asarray(np.maximum(zoomed, 0) / zoomed.mean(), dtype=np.float64)


def _draw_window(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[slice, slice]:
    """A window of 25 to 90 % of each side."""
    slices = []
    for side in shape:
        length = max(8, int(side * rng.uniform(0.25, 0.9)))
        start = int(rng.integers(side - length + 1))
        slices.append(slice(start, start + length))
    return slices[0], slices[1]
