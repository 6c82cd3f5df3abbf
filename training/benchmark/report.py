"""The report of a seed comparison: tables for the terminal, and JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from training.benchmark.comparison_scores import Candidate, F1MeanStd, SeedEvaluation
from training.benchmark.frozen_set import FrozenSet
from training.benchmark.seed_comparison import SeedComparisonSettings
from training.reports.text_tables import TextTable


def make_tables(evaluation: SeedEvaluation) -> list[TextTable]:
    """Tables of candidates, differences and patterns."""
    return [_make_candidate_table(evaluation), _make_difference_table(evaluation), _make_pattern_table(evaluation)]


def write_json(path: Path, frozen: FrozenSet, settings: SeedComparisonSettings, evaluation: SeedEvaluation) -> None:
    """Write everything in the tables, unrounded."""
    content = {
        "benchmark": frozen.identity,
        "settings": settings.model_dump(mode="json"),
        "positive_class": "off",
        **asdict(evaluation),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _make_candidate_table(evaluation: SeedEvaluation) -> TextTable:
    headings = ("", "F1 (interval)", "std over fits", "lowest-highest", "fits", "accuracy", "AUC")
    rows = []
    for candidate in evaluation.candidates:
        rows.append(
            (
                f"{candidate.name}, ensembles" if candidate.single else candidate.name,
                *_f1_cells(candidate.ensemble),
                f"{candidate.accuracy:.4f}",
                f"{candidate.auc:.4f}",
            )
        )
        if candidate.single is not None:
            rows.append((f"{candidate.name}, single members", *_f1_cells(candidate.single), "", ""))
    return TextTable("F1 of off-sample; intervals are over sample masks and textures", headings, tuple(rows))


def _f1_cells(f1: F1MeanStd) -> tuple[str, str, str, str]:
    low, high = f1.interval_95
    return (
        f"{f1.mean:.4f} ({low:.4f}-{high:.4f})",
        f"{f1.std:.4f}" if f1.fits > 1 else "-",
        f"{f1.lowest:.4f}-{f1.highest:.4f}",
        str(f1.fits),
    )


def _make_difference_table(evaluation: SeedEvaluation) -> TextTable:
    rows = tuple(
        (f"{one.of} - {one.minus}", f"{one.f1:+.4f}", f"{one.interval_95[0]:+.4f} to {one.interval_95[1]:+.4f}")
        for one in evaluation.differences
    )
    return TextTable(
        "Differences of mean F1 on the same images; intervals are over sample masks and textures",
        ("", "F1", "95 % interval"),
        rows,
    )


def _make_pattern_table(evaluation: SeedEvaluation) -> TextTable:
    names = [candidate.name for candidate in evaluation.candidates]
    headings = ("pattern", "images", "off", *(f"{name}: accuracy, F1" for name in names))
    rows = []
    for index, first in enumerate(evaluation.candidates[0].by_pattern):
        cells = [_pattern_cell(candidate, index) for candidate in evaluation.candidates]
        rows.append((first.pattern, str(first.images), str(first.off), *cells))
    return TextTable("By pattern", headings, tuple(rows))


def _pattern_cell(candidate: Candidate, index: int) -> str:
    score = candidate.by_pattern[index]
    return f"{score.accuracy:.3f}, {'-' if score.f1 is None else f'{score.f1:.3f}'}"
