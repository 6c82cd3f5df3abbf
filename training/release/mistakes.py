"""Pictures of the worst mistakes: the wrong predictions that a release is most confident of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release
from shared.preprocessing import NetworkInputs
from training.benchmark.release_on_benchmark import ReleaseOnBenchmark
from training.real_sets import RealSet
from training.release.set_prediction import predict_real_set

_COLUMNS = 8
_BENCHMARK_ROWS = 2
_INCHES = 1.3

Picture = tuple[str, npt.NDArray[np.float32], bool, float]
"""Set, (56, 56) ion image, whether it is off, and its predicted probability."""


def draw_mistakes(
    release: Release, real_sets: Sequence[RealSet], benchmark: ReleaseOnBenchmark | None, path: Path
) -> bool:
    """Write a PNG of every set's worst mistakes, as network inputs; False when there are none."""
    predictor = open_predictor(release, Engine.ONNX)
    rows: list[list[Picture]] = []
    for real_set in real_sets:
        inputs, probability = predict_real_set(predictor, real_set)
        rows += _worst(real_set.name, inputs, real_set.off, probability, release.manifest.threshold)[:1]
    if benchmark is not None:
        labelled = benchmark.frozen.labelled_set
        found = _worst(labelled.name, labelled.inputs, labelled.off, benchmark.probability, benchmark.threshold)
        rows += found[:_BENCHMARK_ROWS]
    if not rows:
        return False
    _draw(rows, path)
    return True


def _worst(
    name: str,
    inputs: NetworkInputs,
    off: npt.NDArray[np.bool_],
    probability: npt.NDArray[np.floating],
    threshold: float,
) -> list[list[Picture]]:
    """Wrong predictions in rows, the most confident first."""
    wrong = np.flatnonzero((probability >= threshold) != off)
    order = wrong[np.argsort(-np.abs(probability[wrong] - threshold), kind="stable")]
    pictures = [(name, inputs[index, :, :, 0], bool(off[index]), float(probability[index])) for index in order]
    return [pictures[start : start + _COLUMNS] for start in range(0, len(pictures), _COLUMNS)]


def _draw(rows: list[list[Picture]], path: Path) -> None:
    figure = Figure(figsize=(_COLUMNS * _INCHES, len(rows) * (_INCHES + 0.35)), layout="constrained")
    for axes_row, pictures in zip(figure.subplots(len(rows), _COLUMNS, squeeze=False), rows, strict=True):
        for axes in axes_row:
            axes.axis("off")
        for axes, (_, pixels, off, probability) in zip(axes_row, pictures, strict=False):
            axes.imshow(pixels, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"{'off' if off else 'on'}, P(off) {probability:.2f}", fontsize=8)
        axes_row[0].text(0, -0.06, pictures[0][0], fontsize=8, transform=axes_row[0].transAxes, va="top")
    figure.savefig(path, dpi=80, metadata={"Software": None})
