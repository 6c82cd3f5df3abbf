"""The gallery of windows: those without off-sample area next to those with it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from shared.preprocessing import scale_intensities
from training.windows.window import RealWindow

_IONS = 6
_INCHES = 1.0
_CAPTION_POINTS = 5.0
_FRAMES = {"on": "tab:green", "off": "tab:red", None: "tab:orange"}
_REGION_COLOURS = ListedColormap(["lightgrey", "tab:orange", "tab:green", "tab:red"])
_NOT_ACQUIRED, _UNCERTAIN, _SAMPLE, _OFF_SAMPLE = range(4)

LEGEND = (
    "each row a window: regions (green = sample, red = off-sample, orange = uncertain, grey = not acquired),"
    " mean ion image, ions (green frame = on, red = off, orange = ambiguous)"
)


def write_window_gallery(windows: Sequence[RealWindow], path: Path, *, rows: int = 20) -> None:
    """Write a PNG: on the left windows wholly inside the sample, on the right windows with background.

    Parameters
    ----------
    rows
        Maximum number of windows of each kind.
    """
    inside = [window for window in windows if not window.has_off_sample_area][:rows]
    background = [window for window in windows if window.has_off_sample_area][:rows]
    height, columns = max(len(inside), len(background), 1), _IONS + 2
    figure = Figure(figsize=(2 * columns * _INCHES + 1, height * _INCHES), layout="constrained")
    grid = figure.subplots(height, 2 * columns + 1, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for start, group in ((0, inside), (columns + 1, background)):
        for window, axes_row in zip(group, grid, strict=False):
            _show_window(window, axes_row[start : start + columns])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _show_window(window: RealWindow, axes_row: Sequence[Axes]) -> None:
    axes_row[0].imshow(draw_regions(window), cmap=_REGION_COLOURS, vmin=0, vmax=3, interpolation="nearest")
    height, width = window.acquisition_mask.shape
    caption = f"{window.acquisition[:22]}\n{window.kind} {height}x{width}" + f" /{window.binning}" * (
        window.binning > 1
    )
    axes_row[0].set_title(caption, fontsize=4.5, pad=1)
    scaled = [np.where(window.acquisition_mask, scale_intensities(image), np.nan) for image in window.ion_images]
    axes_row[1].imshow(np.mean(scaled, axis=0), cmap="viridis", interpolation="nearest")
    axes_row[1].set_title(f"{len(window)} ions", fontsize=_CAPTION_POINTS, pad=1)
    for axes, image, label in zip(axes_row[2:], scaled, window.labels, strict=False):
        axes.set_axis_on()
        axes.imshow(image, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(_FRAMES[label])
            spine.set_linewidth(1.5)


def draw_regions(window: RealWindow) -> npt.NDArray[np.intp]:
    """(h, w): 0 not acquired, 1 uncertain, 2 sample, 3 off-sample."""
    regions = np.where(window.acquisition_mask, _UNCERTAIN, _NOT_ACQUIRED)
    regions[window.sample_mask] = _SAMPLE
    regions[window.off_sample_mask] = _OFF_SAMPLE
    return regions
