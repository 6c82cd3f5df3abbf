"""The gallery of semi-synthetic ion images, next to real ones, for visual comparison."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.ion_image import IonImage, make_ion_image
from shared.preprocessing import scale_intensities
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.synthetic_set import SyntheticImage, draw_any_images

_COLUMNS, _REAL_COLUMNS = 16, 4
_INCHES_PER_IMAGE = 0.9
_COLOURS = {"on": "tab:green", "off": "tab:red", None: "tab:orange", "real": "tab:blue"}


def write_synthetic_gallery(sources: Sources, mixture: Mixture, seed: int, path: Path) -> None:
    """Write a PNG with one pattern per row, next to real images of the texture sources.

    Frames: green = on, red = off, orange = ambiguous, blue = real and unlabelled. Not-acquired pixels are white.
    """
    rng = np.random.default_rng(seed)
    drawn = _draw_rows(sources, mixture, rng)
    size = (_COLUMNS * _INCHES_PER_IMAGE, len(drawn) * _INCHES_PER_IMAGE)
    figure = Figure(figsize=size, layout="constrained")
    for (name, images), axes_row in zip(drawn.items(), figure.subplots(len(drawn), _COLUMNS), strict=True):
        for column, axes in enumerate(axes_row):
            if column < _REAL_COLUMNS:
                _show(axes, _draw_real(sources, rng), "real")
            elif column - _REAL_COLUMNS < len(images):
                image = images[column - _REAL_COLUMNS]
                _show(axes, image.ion_image, image.label)
        axes_row[_REAL_COLUMNS].set_ylabel(name.replace("_", "\n"), fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _draw_rows(sources: Sources, mixture: Mixture, rng: np.random.Generator) -> dict[str, list[SyntheticImage]]:
    """A row of images for every pattern."""
    wanted = _COLUMNS - _REAL_COLUMNS
    rows: dict[str, list[SyntheticImage]] = {}
    for name in mixture.patterns.root:
        only = mixture.model_copy(update={"patterns": mixture.patterns.only(name)})
        rows[name] = [image for _, image in zip(range(wanted), draw_any_images(sources, only, rng), strict=False)]
    return rows


def _draw_real(sources: Sources, rng: np.random.Generator) -> IonImage:
    source = sources.draw_texture_source(rng)
    return make_ion_image(source.images[rng.integers(len(source.images))], source.acquisition_mask)


def _show(axes: Axes, ion_image: IonImage, caption: str | None) -> None:
    scaled = np.where(ion_image.acquisition_mask, scale_intensities(ion_image), np.nan)
    axes.imshow(scaled, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(_COLOURS[caption])
        spine.set_linewidth(2)
