"""Figures of ion images, masks and clusters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from training.exploration.exploration import Exploration
from training.exploration.explored_dataset import Mask

ON_COLOUR, OFF_COLOUR = "#1F5A93", "#D98B2B"
_MASK_COLOURS = ListedColormap(["#440154", "#fde725"])
_CLUSTER_COLOURS = ListedColormap(["#fde725", "#35b779", "#31688e", "#440154", "#d8576b"])
_SHOWN = 12
"""Ion images of a class in the comparison."""

_COLUMNS = 6
_WIDTH_INCHES = 9.0


def draw_ion_image(exploration: Exploration) -> Figure:
    """One ion image (the report's figure 3): the one that agrees most with the sample."""
    ion = exploration.on_ions[0] if exploration.on_ions else 0
    figure = Figure(figsize=_fit(exploration, 1), layout="constrained")
    axes = figure.subplots()
    shown = _show(axes, exploration, exploration.scaled[ion])
    axes.set_title(exploration.dataset.ion_names[ion], fontsize=10)
    figure.colorbar(shown, cax=axes.inset_axes((1.02, 0, 0.03, 1)), label="intensity, scaled")
    return figure


def draw_pair(exploration: Exploration) -> Figure:
    """An on-sample and an off-sample ion image of the same dataset (figure 9)."""
    chosen = [(ions[0], text) for ions, text in _classes(exploration) if ions]
    figure = Figure(figsize=_fit(exploration, len(chosen)), layout="constrained")
    for axes, (ion, text) in zip(np.atleast_1d(figure.subplots(1, len(chosen))), chosen, strict=True):
        _show(axes, exploration, exploration.scaled[ion])
        axes.set_title(f"{text}: {exploration.dataset.ion_names[ion]}", fontsize=9)
    return figure


def draw_comparison(exploration: Exploration) -> Figure:
    """The ion images that agree most with either area: on-sample above, off-sample below (figure 21)."""
    classes = [(ions[:_SHOWN], text) for ions, text in _classes(exploration) if ions]
    rows = [-(-len(ions) // _COLUMNS) for ions, _ in classes]
    height, width = exploration.sample.shape
    row_inches = min(2.6, _WIDTH_INCHES / _COLUMNS * height / width) + 0.3
    figure = Figure(figsize=(_WIDTH_INCHES, sum(rows) * row_inches + 0.4 * len(rows)), layout="constrained")
    parts = figure.subfigures(len(classes), 1, height_ratios=rows, squeeze=False)
    for part, (ions, text), count in zip(parts.ravel(), classes, rows, strict=True):
        part.suptitle(text, fontsize=11, color=ON_COLOUR if text == "on-sample" else OFF_COLOUR, fontweight="bold")
        panels = part.subplots(count, _COLUMNS, squeeze=False).ravel()
        for axes in panels:
            axes.set_axis_off()
        for axes, ion in zip(panels, ions, strict=False):
            _show(axes, exploration, exploration.scaled[ion])
            axes.set_title(exploration.dataset.ion_names[ion], fontsize=7, pad=2)
    return figure


def draw_mask(exploration: Exploration) -> Figure:
    """The predicted sample mask in yellow (figure 8), next to the true one where it is known."""
    masks: list[tuple[Mask, str]] = [(exploration.sample, "predicted sample mask")]
    if exploration.dataset.true_mask is not None:
        masks.append((exploration.dataset.true_mask, "true sample mask"))
    figure = Figure(figsize=_fit(exploration, len(masks)), layout="constrained")
    for axes, (mask, text) in zip(np.atleast_1d(figure.subplots(1, len(masks))), masks, strict=True):
        _show(axes, exploration, mask.astype(np.float64), _MASK_COLOURS)
        axes.set_title(text, fontsize=10)
    return figure


def draw_clusters(exploration: Exploration) -> Figure:
    """K-means with N = 5, mapped back to the pixels, and which clusters count as sample (figure 12)."""
    found = exploration.predicted.clusters
    order = _order_clusters(exploration)
    colour_of = np.zeros(found.shape)
    for colour, cluster in enumerate(order):
        colour_of[found == cluster] = colour
    figure = Figure(figsize=_fit(exploration, 1), layout="constrained")
    axes = figure.subplots()
    _show(axes, exploration, colour_of, _CLUSTER_COLOURS, highest=_CLUSTER_COLOURS.N - 1)
    handles = []
    for colour, cluster in enumerate(order):
        on_sample = float(exploration.sample[found == cluster].mean()) >= 0.5
        pixels = int((found == cluster).sum())
        label = f"{pixels:,} px: {'sample' if on_sample else 'off-sample'}"
        handles.append(Patch(facecolor=_CLUSTER_COLOURS(colour), edgecolor="0.6", label=label))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _order_clusters(exploration: Exploration) -> list[int]:
    """Clusters from the most to the least on-sample, so that colours go from yellow to dark as in the report."""
    found = exploration.predicted.clusters
    numbers = np.unique(found[found >= 0]).tolist()
    return sorted(numbers, key=lambda cluster: (-round(float(exploration.sample[found == cluster].mean())), cluster))


def _classes(exploration: Exploration) -> Sequence[tuple[list[int], str]]:
    return (exploration.on_ions, "on-sample"), (exploration.off_ions, "off-sample")


def _show(
    axes: Axes,
    exploration: Exploration,
    values: npt.NDArray[np.floating],
    colours: str | ListedColormap = "viridis",
    highest: float = 1.0,
) -> AxesImage:
    """The values where acquired; nothing elsewhere."""
    shown = np.where(exploration.dataset.acquisition_mask, values, np.nan)
    axes.set_axis_off()
    return axes.imshow(shown, cmap=colours, vmin=0, vmax=highest, interpolation="nearest")


def _fit(exploration: Exploration, panels: int) -> tuple[float, float]:
    """Width and height, inches, of a row of panels."""
    height, width = exploration.sample.shape
    panel = min(_WIDTH_INCHES / panels, 5.5)
    tall = min(6.0, panel * height / width)
    return panel * panels, tall + 0.7
