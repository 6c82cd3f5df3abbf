"""The report of a contest: tables for the terminal, JSON for programs."""

import json
from dataclasses import asdict
from pathlib import Path

from training.benchmark.comparison_scores import Candidate, F1MeanStd, Judgement
from training.benchmark.frozen_set import FrozenSet
from training.benchmark.seed_comparison import SeedComparisonSettings
from training.reports.text_tables import TextTable


def make_tables(judgement: Judgement) -> list[TextTable]:
    """Entrants, differences, patterns."""
    return [_make_entrant_table(judgement), _make_difference_table(judgement), _make_pattern_table(judgement)]


def write_json(path: Path, frozen: FrozenSet, settings: SeedComparisonSettings, judgement: Judgement) -> None:
    """Everything that the tables show, unrounded."""
    content = {
        "benchmark": frozen.identity,
        "settings": settings.model_dump(mode="json"),
        "positive_class": "off",
        **asdict(judgement),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _make_entrant_table(judgement: Judgement) -> TextTable:
    headings = ("", "F1 (interval)", "spread over fits", "lowest-highest", "fits", "accuracy", "AUC")
    rows = []
    for candidate in judgement.candidates:
        rows.append(
            (
                f"{candidate.name}, ensembles" if candidate.single else candidate.name,
                *_spread(candidate.ensemble),
                f"{candidate.accuracy:.4f}",
                f"{candidate.auc:.4f}",
            )
        )
        if candidate.single is not None:
            rows.append((f"{candidate.name}, single members", *_spread(candidate.single), "", ""))
    return TextTable("F1 of off-sample; intervals are over sample masks and textures", headings, tuple(rows))


def _spread(spread: F1MeanStd) -> tuple[str, str, str, str]:
    low, high = spread.interval_95
    return (
        f"{spread.mean:.4f} ({low:.4f}-{high:.4f})",
        f"{spread.std:.4f}" if spread.fits > 1 else "-",
        f"{spread.lowest:.4f}-{spread.highest:.4f}",
        str(spread.fits),
    )


def _make_difference_table(judgement: Judgement) -> TextTable:
    rows = tuple(
        (f"{one.of} - {one.minus}", f"{one.f1:+.4f}", f"{one.interval_95[0]:+.4f} to {one.interval_95[1]:+.4f}")
        for one in judgement.differences
    )
    return TextTable(
        "Differences of mean F1 on the same images; intervals are over sample masks and textures",
        ("", "F1", "95 % interval"),
        rows,
    )


def _make_pattern_table(judgement: Judgement) -> TextTable:
    names = [candidate.name for candidate in judgement.candidates]
    headings = ("pattern", "images", "off", *(f"{name}: accuracy, F1" for name in names))
    rows = []
    for index, first in enumerate(judgement.candidates[0].by_pattern):
        cells = [_pattern_cell(candidate, index) for candidate in judgement.candidates]
        rows.append((first.pattern, str(first.images), str(first.off), *cells))
    return TextTable("By pattern", headings, tuple(rows))


def _pattern_cell(candidate: Candidate, index: int) -> str:
    score = candidate.by_pattern[index]
    return f"{score.accuracy:.3f}, {'-' if score.f1 is None else f'{score.f1:.3f}'}"
