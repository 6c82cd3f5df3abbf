"""The figure: semi-synthetic next to real datasets, as images, border profiles and statistics."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from shared.preprocessing import scale_intensities
from training.realism.comparison import DatasetGroup, MeasuredDataset
from training.realism.statistics import DEPTHS, NAMES

_ROWS, _IONS = 12, 4
_COLOURS = ("tab:blue", "tab:cyan", "tab:orange", "tab:red")


def write_comparison(groups: Sequence[DatasetGroup], path: Path) -> None:
    """Write a PNG: strip plots of every statistic and border profiles on top, the datasets side by side below."""
    figure = Figure(figsize=(5.2 * len(groups), 17), layout="constrained")
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 2.2))).ravel()
    panels = above.subplots(2, 4).ravel()
    for axes, statistic in zip(panels, NAMES, strict=False):
        _strip(axes, groups, statistic)
    for axes, has_area, title in ((panels[6], True, "area present"), (panels[7], False, "area absent")):
        _profiles(axes, groups, has_area=has_area, title=title)
    for part, group in zip(np.atleast_1d(below.subfigures(1, len(groups))), groups, strict=True):
        _pictures(part, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _strip(axes: Axes, groups: Sequence[DatasetGroup], statistic: str) -> None:
    rng = np.random.default_rng(0)
    for position, (group, colour) in enumerate(zip(groups, _COLOURS, strict=False)):
        values = group.values(statistic)
        axes.plot(position + rng.uniform(-0.2, 0.2, len(values)), values, ".", color=colour, markersize=4, alpha=0.6)
        axes.plot([position - 0.3, position + 0.3], [np.median(values)] * 2, color="black", linewidth=1.5)
    axes.set_xticks(range(len(groups)), [group.name for group in groups], fontsize=7)
    axes.set_title(statistic.replace("_", " "), fontsize=9)
    if statistic in ("border", "side_px"):
        axes.set_yscale("log")


def _profiles(axes: Axes, groups: Sequence[DatasetGroup], *, has_area: bool, title: str) -> None:
    depths = (np.asarray(DEPTHS[:-1]) + np.asarray(DEPTHS[1:])) / 2
    for group, colour in zip(groups, _COLOURS, strict=False):
        found = [one.statistics.profile for one in group.datasets if one.has_area is has_area]
        if found:
            stacked = np.ma.masked_invalid(np.stack(found))
            middle = np.ma.median(stacked, axis=0).filled(np.nan)
            axes.plot(depths, middle, color=colour, label=f"{group.name} ({len(found)})")
    axes.set_title(f"border profile, {title}", fontsize=9)
    axes.set_xlabel("distance from the border, longest sides", fontsize=7)
    axes.legend(loc="upper right", fontsize=7)


def _pictures(part: SubFigure, group: DatasetGroup) -> None:
    """Datasets spread evenly over the group: mean ion image, then some ions."""
    part.suptitle(group.name, fontsize=10)
    grid = part.subplots(_ROWS, _IONS + 1, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    picked = np.unique(np.linspace(0, len(group.datasets) - 1, _ROWS).astype(int))
    for number, axes_row in zip(picked, grid, strict=False):
        _row(group.datasets[int(number)], axes_row)


def _row(dataset: MeasuredDataset, axes_row: Sequence[Axes]) -> None:
    scaled = [np.where(one.acquisition_mask, scale_intensities(one), np.nan) for one in dataset.ion_images]
    for axes, image in zip(axes_row, [np.mean(scaled, axis=0), *scaled], strict=False):
        axes.imshow(image, cmap="viridis", interpolation="nearest")
    area = {True: "area", False: "no area", None: "unknown"}[dataset.has_area]
    name = dataset.statistics.name.removeprefix("semi-synthetic ")
    axes_row[0].set_title(f"{name[:26]}, {area}", fontsize=5, loc="left", pad=1)
