"""The class distribution as a figure: on and off images of every dataset, stacked (figure 22 of the 2018 report)."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from training.labelled.class_counts import ClassCounts

ON_COLOUR, OFF_COLOUR = "#4C9A6A", "#C8553D"
_NAME_LENGTH = 44
_INCHES_PER_DATASET, _INCHES_AROUND, _INCHES_WIDE = 0.2, 1.3, 9.0


def draw_class_figure(name: str, counts: Sequence[ClassCounts]) -> Figure:
    """One horizontal bar per dataset, the largest share of off-sample images on top."""
    ordered = sorted(counts, key=lambda row: (row.off_share, row.dataset))
    height = _INCHES_AROUND + _INCHES_PER_DATASET * max(4, len(ordered))
    figure = Figure(figsize=(_INCHES_WIDE, height), layout="constrained")
    axes = figure.subplots()
    positions = range(len(ordered))
    off, on = [row.off for row in ordered], [row.on for row in ordered]
    axes.barh(positions, off, color=OFF_COLOUR, label="off-sample", height=0.8)
    axes.barh(positions, on, left=off, color=ON_COLOUR, label="on-sample", height=0.8)
    axes.set_yticks(positions, [_shorten(row.dataset) for row in ordered], fontsize=7)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_xlabel("ion images")
    total = sum(off) + sum(on)
    axes.set_title(f"{name}: {total:,} ion images, {sum(off) / max(1, total):.0%} off-sample", fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.02)
    return figure


def _shorten(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"
