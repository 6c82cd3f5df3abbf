"""Contact sheet: semi-synthetic images beside real ones, for eyes."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.ion_image import IonImage, make_ion_image
from shared.preprocessing import scale_intensities
from training.synthetic.dataset import draw_images
from training.synthetic.sources import Sources

_ROWS, _COLUMNS, _REAL_COLUMNS = 10, 16, 4
_INCHES_PER_IMAGE = 0.9
_COLOURS = {"on": "tab:green", "off": "tab:red", "real": "tab:blue"}


def write_sheet(sources: Sources, seed: int, path: Path) -> None:
    """Write a PNG: green = on, red = off, blue = real and unlabelled; not-acquired pixels are white."""
    rng = np.random.default_rng(seed)
    size = (_COLUMNS * _INCHES_PER_IMAGE, _ROWS * _INCHES_PER_IMAGE)
    figure = Figure(figsize=size, layout="constrained")
    synthetic = draw_images(sources, rng)
    for axes_row in figure.subplots(_ROWS, _COLUMNS):
        for column, axes in enumerate(axes_row):
            if column < _REAL_COLUMNS:
                _show(axes, _draw_real(sources, rng), "real")
            else:
                image = next(synthetic)
                _show(axes, image.ion_image, image.label)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _draw_real(sources: Sources, rng: np.random.Generator) -> IonImage:
    source = sources.draw_texture_source(rng)
    return make_ion_image(source.images[rng.integers(len(source.images))], source.acquisition_mask)


def _show(axes: Axes, ion_image: IonImage, caption: str) -> None:
    scaled = np.where(ion_image.acquisition_mask, scale_intensities(ion_image), np.nan)
    axes.imshow(scaled, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(_COLOURS[caption])
        spine.set_linewidth(2)
