"""One cross-validation per variant, all on the same folds, compared with the default recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import log_loss, roc_auc_score

from shared.errors import InvalidInputError
from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.member_outputs import predict_outputs
from training.cross_validation.run import repeat_folder, run_folds
from training.cross_validation.settings import describe_run
from training.fit.recipe import LABEL_ORDER, PresetName
from training.fit.resumable_run import open_resumable_run
from training.fit.run_folder import RunFolder
from training.metrics.resampling import Resampling
from training.recipe_search.variants import BASE, VARIANTS
from training.reports.text_tables import TextTable

TEST_TIME_FLIPS = "test-time flips"
"""The default recipe's networks with outputs averaged over the four flips of each image; it needs no fit."""

_CLOSEST = 1e-6

Scores = npt.NDArray[np.float64]
OnVariant = Callable[[str], None]


@dataclass(frozen=True)
class VariantRow:
    """Scores of one variant on all held-out images, and its difference from the default recipe."""

    variant: str
    f1: float
    auc: float
    log_loss: float
    log_loss_difference: float
    """Minus the log loss of the default recipe; below 0 = better."""

    interval_95: tuple[float, float]
    """Interval of the difference, over sample masks and textures."""


def choose_variants(chosen: Sequence[str]) -> list[str]:
    """The default recipe, and the chosen variants (all when empty).

    Raises
    ------
    InvalidInputError
        When a name is not that of a variant.
    """
    everything = [*VARIANTS, TEST_TIME_FLIPS]
    unknown = sorted(set(chosen) - set(everything))
    if unknown:
        raise InvalidInputError(f"expected one of the variants {', '.join(everything)}, got {unknown[0]!r}")
    return [name for name in everything if name == BASE or not chosen or name in chosen]


def search(
    folded: FoldedSet, names: Sequence[str], output: Path, *, seed: int, on_variant: OnVariant
) -> list[VariantRow]:
    """Fit what is missing; returns the default recipe first, then the others from best to worst."""
    scores: dict[str, Scores] = {}
    for name in names:
        scores[name] = (
            _flip_and_predict(folded, output) if name == TEST_TIME_FLIPS else _fit(folded, name, output, seed)
        )
        on_variant(name)
    losses = {name: _losses(folded, found) for name, found in scores.items()}
    resampling = Resampling(folded.group_keys)
    rows = [_evaluate_variant(folded, name, scores[name], losses, resampling) for name in names]
    return sorted(rows, key=lambda row: (row.variant != BASE, row.log_loss))


def _folder(output: Path, name: str) -> Path:
    return output / name.replace(" ", "_")


def _fit(folded: FoldedSet, name: str, output: Path, seed: int) -> Scores:
    """(N,) held-out probabilities of one network per fold."""
    settings = describe_run(folded, PresetName.DEFAULT, VARIANTS[name], attempts=1, members=1, seed=seed)
    folder = _folder(output, name)
    open_resumable_run(folder, settings, "cross-validation")
    probabilities = run_folds(folded, settings, folder, lambda *_: None)
    return np.asarray(probabilities[0])


def _flip_and_predict(folded: FoldedSet, output: Path) -> Scores:
    """(N,) held-out probabilities of the default recipe's fitted networks, averaged over flips."""
    probabilities = np.empty(len(folded.labelled_set))
    for fold in range(folded.folds):
        held_out = np.flatnonzero(folded.fold_of == fold)
        inputs = folded.labelled_set.inputs[held_out]
        paths = RunFolder(repeat_folder(_folder(output, BASE), fold, 0)).finished_member_paths()
        views = [inputs[:, ::rows, ::columns] for rows in (1, -1) for columns in (1, -1)]
        outputs = np.mean([predict_outputs(paths, view) for view in views], axis=0)
        probabilities[held_out] = outputs[:, 0, LABEL_ORDER.index("off")]
        keras.backend.clear_session()
    return probabilities


def _losses(folded: FoldedSet, probability: Scores) -> Scores:
    """(N,) cross-entropy of each image."""
    likelihood = np.where(folded.labelled_set.off, probability, 1 - probability)
    return np.asarray(-np.log(np.clip(likelihood, _CLOSEST, 1)))


def _evaluate_variant(
    folded: FoldedSet, name: str, probability: Scores, losses: dict[str, Scores], resampling: Resampling
) -> VariantRow:
    off = folded.labelled_set.off
    predicted_off, difference = probability >= 0.5, losses[name] - losses[BASE]
    return VariantRow(
        variant=name,
        f1=float(2 * (predicted_off & off).sum() / (predicted_off.sum() + off.sum())),
        auc=float(roc_auc_score(off, probability)),
        log_loss=float(log_loss(off, np.clip(probability, _CLOSEST, 1 - _CLOSEST))),
        log_loss_difference=float(difference.mean()),
        interval_95=resampling.interval_of_mean(difference),
    )


def make_variant_table(rows: Sequence[VariantRow], images: int, folds: int) -> TextTable:
    """Scores of the variants, in the order of the rows."""
    title = (
        f"{images:,} semi-synthetic images, {folds} grouped folds, one network each; log loss: lower is better,"
        " intervals are over sample masks and textures"
    )
    headings = ("variant", "F1", "AUC", "log loss", "to the default", "95 % interval")
    cells = tuple(
        (
            row.variant,
            f"{row.f1:.4f}",
            f"{row.auc:.4f}",
            f"{row.log_loss:.4f}",
            f"{row.log_loss_difference:+.4f}",
            f"{row.interval_95[0]:+.4f} to {row.interval_95[1]:+.4f}",
        )
        for row in rows
    )
    return TextTable(title, headings, cells, frozenset({0}))
