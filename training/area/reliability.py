"""The reliability diagram of the verdict: how often there is off-sample area, by the probability stated for it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model_store.area.decision import AreaDecision
from training.area.held_out_reading import IONS
from training.area.held_out_scores import HeldOutScores

_COLOURS = {"present": "#b2182b", "absent": "#2166ac"}
_BINS = 5


def draw_reliability(scores: Sequence[HeldOutScores], decision: AreaDecision, path: Path) -> None:
    """Write a PNG: left the frequencies by probability, right every acquisition's probability by number of ions."""
    known = [one for one in scores if one.truth != "unknown"]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_frequencies(left, known)
    _draw_acquisitions(right, known)
    for axes in (left, right):
        axes.axvspan(decision.absent_up_to, decision.present_from, color="#dddddd", zorder=0)
        axes.set_xlim(0, 1)
        axes.set_xlabel("stated probability of off-sample area (grey: unclear)")
    figure.savefig(path, dpi=80, metadata={"Software": None})


def _draw_frequencies(axes: Axes, scores: Sequence[HeldOutScores]) -> None:
    """The share of acquisitions with off-sample area; every acquisition and number of ions is one point of a bin."""
    probability = np.asarray([one.probability for one in scores])
    present = np.asarray([one.truth == "present" for one in scores])
    number = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle="dashed")
    filled = [one for one in range(_BINS) if (number == one).any()]
    means = [probability[number == one].mean() for one in filled]
    shares = [present[number == one].mean() for one in filled]
    axes.plot(means, shares, marker="o", color="black")
    for mean, share, one in zip(means, shares, filled, strict=True):
        axes.annotate(f" {int((number == one).sum())}", (mean, share), va="top")
    axes.set_ylim(-0.05, 1.05)
    axes.set_ylabel("share with off-sample area")
    axes.set_title("Held-out acquisitions, with all, 30, 10, 3 and 1 ions", fontsize=10)


def _draw_acquisitions(axes: Axes, scores: Sequence[HeldOutScores]) -> None:
    for row, ions in enumerate(IONS):
        for truth, colour in _COLOURS.items():
            found = [one.probability for one in scores if one.ions == ions and one.truth == truth]
            label = f"area {truth}" if row == 0 else None
            axes.scatter(found, [row + (0.12 if truth == "present" else -0.12)] * len(found), color=colour, label=label)
    axes.set_yticks(range(len(IONS)), ["all" if ions is None else str(ions) for ions in IONS])
    axes.invert_yaxis()
    axes.set_ylabel("ions read together")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.32), ncols=2, fontsize=8, frameon=False)
    axes.set_title("Each acquisition (mean over random choices of ions)", fontsize=10)
