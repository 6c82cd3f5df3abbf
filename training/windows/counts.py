"""Counts of windows: per series, with and without off-sample area, and by label of their ions."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.windows.window import RealWindow


@dataclass(frozen=True)
class WindowCounts:
    """Counts over the windows of one series, or of all."""

    series: str
    without_area: int
    with_area: int
    irregular: int
    """Windows whose acquired pixels do not fill their rectangle."""

    binned: int
    ions: int
    on: int
    off: int
    """Labels of the ions; the others are ambiguous."""


def count_windows(windows: Sequence[RealWindow]) -> list[WindowCounts]:
    """One row per series, by name, and one for all."""
    names = sorted({window.series for window in windows})
    rows = [_count(name, [window for window in windows if window.series == name]) for name in names]
    return [*rows, _count("all", windows)]


def _count(series: str, windows: Sequence[RealWindow]) -> WindowCounts:
    labels = [label for window in windows for label in window.labels]
    with_area = sum(window.has_off_sample_area for window in windows)
    return WindowCounts(
        series=series,
        without_area=len(windows) - with_area,
        with_area=with_area,
        irregular=sum(not window.acquisition_mask.all() for window in windows),
        binned=sum(window.binning > 1 for window in windows),
        ions=len(labels),
        on=labels.count("on"),
        off=labels.count("off"),
    )
