"""Figures of spectra and their principal components."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.exploration.exploration import Exploration
from training.exploration.image_figures import OFF_COLOUR, ON_COLOUR

_ZOOMED = 40
"""Neighbouring ions in the zoomed difference."""

_MOST_POINTS = 6_000
_BINS = 70


def draw_pixel_spectrum(exploration: Exploration) -> Figure:
    """The spectrum of one sample pixel, its highest peak 1 (the report's figure 4)."""
    row, column = exploration.example_pixel()
    spectrum = exploration.intensities[:, row, column].astype(np.float64)
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    _draw_peaks(axes, exploration, spectrum / max(float(spectrum.max()), 1e-12), ON_COLOUR)
    axes.set(ylabel="normalised intensity", ylim=(0, 1.05), xlabel=exploration.axis[1])
    axes.set_title(f"pixel in row {row}, column {column}", fontsize=10)
    return figure


def draw_sum_spectra(exploration: Exploration) -> Figure:
    """The sum of the spectra of either area, per pixel (figure 6)."""
    areas = [(exploration.sample, "on-sample area", ON_COLOUR)]
    if exploration.off_sample.any():
        areas.append((exploration.off_sample, "off-sample area", OFF_COLOUR))
    figure = Figure(figsize=(9, 2.5 * len(areas)), layout="constrained")
    for axes, (area, text, colour) in zip(
        np.atleast_1d(figure.subplots(len(areas), 1, sharex=True, sharey=True)), areas, strict=True
    ):
        _draw_peaks(axes, exploration, exploration.mean_spectrum(area), colour)
        axes.set_title(f"{text}, {int(area.sum()):,} pixels", fontsize=10, color=colour, loc="left")
        axes.set_ylabel("intensity per pixel")
        axes.set_ylim(bottom=0)
    axes.set_xlabel(exploration.axis[1])
    return figure


def draw_zoomed_difference(exploration: Exploration) -> Figure:
    """Both sum spectra stacked, ion by ion, where they differ most (figure 7)."""
    chosen = _choose_window(exploration)
    on = exploration.mean_spectrum(exploration.sample)[chosen]
    off = exploration.mean_spectrum(exploration.off_sample)[chosen]
    highest = np.maximum(on + off, 1e-12)
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    positions = np.arange(len(chosen))
    for axes, first, second in ((upper, on, off), (lower, on / highest, off / highest)):
        axes.bar(positions, first, color=ON_COLOUR, width=0.8, label="on-sample area")
        axes.bar(positions, second, bottom=first, color=OFF_COLOUR, width=0.8, label="off-sample area")
        axes.spines[["top", "right"]].set_visible(False)
    lower.axhline(0.5, color="white", linewidth=0.8)
    upper.set_ylabel("intensity per pixel,\nstacked")
    lower.set(ylabel="share", ylim=(0, 1))
    values, text = exploration.axis
    names = [f"{values[ion]:.3f}" if exploration.dataset.mz is not None else f"{values[ion]:.0f}" for ion in chosen]
    lower.set_xticks(positions, names, rotation=90, fontsize=7)
    lower.set_xlabel(text)
    figure.legend(*upper.get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    return figure


def draw_components(exploration: Exploration) -> Figure:
    """All pixels on the first two principal components, coloured by area (figure 10)."""
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    scores, sample = _scores(exploration)
    picked = np.random.default_rng(0).permutation(len(scores))[:_MOST_POINTS]
    colours = np.where(sample[picked], ON_COLOUR, OFF_COLOUR)
    axes.scatter(scores[picked, 0], scores[picked, 1], c=colours, s=7, alpha=0.45, linewidths=0)
    for colour, label, present in (
        (ON_COLOUR, "on-sample pixels", sample.any()),
        (OFF_COLOUR, "off-sample pixels", not sample.all()),
    ):
        if present:
            axes.scatter([], [], c=colour, s=24, label=label)
    axes.set(xlabel=_name_component(exploration, 0), ylabel=_name_component(exploration, 1))
    axes.legend(loc="upper right", frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_first_component(exploration: Exploration) -> Figure:
    """Histograms of the first principal component of either area (figure 11)."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    scores, sample = _scores(exploration)
    edges = np.histogram_bin_edges(scores[:, 0], _BINS)
    for inside, colour, label in ((sample, ON_COLOUR, "on-sample"), (~sample, OFF_COLOUR, "off-sample")):
        if inside.any():
            axes.hist(scores[inside, 0], edges.tolist(), color=colour, alpha=0.65, label=f"{label} pixels")
    axes.set(xlabel=_name_component(exploration, 0), ylabel="pixels")
    axes.legend(loc="upper right", frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_peaks(axes: Axes, exploration: Exploration, heights: npt.NDArray[np.float64], colour: str) -> None:
    positions = exploration.axis[0]
    axes.vlines(positions, 0, heights, color=colour, linewidth=1.3)
    margin = 0.02 * max(float(np.ptp(positions)), 1.0)
    axes.set_xlim(positions.min() - margin, positions.max() + margin)
    axes.spines[["top", "right"]].set_visible(False)


def _choose_window(exploration: Exploration) -> list[int]:
    """The run of neighbouring ions with the largest differences in both directions."""
    ions = len(exploration.scaled)
    if ions <= _ZOOMED:
        return list(range(ions))
    towards_on = np.convolve(np.maximum(exploration.agreement, 0), np.ones(_ZOOMED), mode="valid")
    towards_off = np.convolve(np.maximum(-exploration.agreement, 0), np.ones(_ZOOMED), mode="valid")
    first = int(np.argmax(np.minimum(towards_on, towards_off)))
    return list(range(first, first + _ZOOMED))


def _scores(exploration: Exploration) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(P, 2) scores, 0 where there is no such component, and (P,) whether a pixel is sample."""
    acquired = exploration.dataset.acquisition_mask
    found = exploration.components.scores
    scores = np.zeros((int(acquired.sum()), 2))
    scores[:, : found.shape[1]] = found
    return scores, exploration.sample[acquired]


def _name_component(exploration: Exploration, number: int) -> str:
    shares = exploration.components.shares
    share = float(shares[number]) if number < len(shares) else 0.0
    return f"principal component {number + 1} ({share:.0%} of the variance)"
