"""Evaluation of a release as tables and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from model_store.manifest import BenchmarkScores
from training.benchmark.release_on_benchmark import ReleaseOnBenchmark
from training.metrics.real_set_scores import RealSetScores
from training.metrics.resampling import Interval
from training.reports.text_tables import print_table

WILSON_MEANS = "as if images were independent, which those of one acquisition are not"
ACQUISITIONS_MEAN = "Student's, with acquisitions as independent draws"


def print_scores(rows: Sequence[RealSetScores], console: Console) -> None:
    """Print one row per set and predictor, and the warnings about each set."""
    table = Table(title="Real sets, each on its own (never pooled)")
    for heading in ("set", "role", "predictor", "correct", "accuracy", "Wilson 95 %", "over acquisitions", "AUC"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "set")
    for row in rows:
        table.add_row(
            row.data_set,
            row.role,
            row.predictor,
            f"{row.correct} of {row.images}",
            f"{row.accuracy:.3f}",
            format_interval(row.wilson_95),
            format_interval(row.acquisitions_95),
            format_auc(row.auc),
        )
    console.print(table)
    console.print(f"Wilson 95 %: {WILSON_MEANS}; over acquisitions: {ACQUISITIONS_MEAN}", soft_wrap=True)
    for line in describe_acquisitions(rows):
        console.print(line, soft_wrap=True, highlight=False)
    for warning in warnings_of(rows):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def describe_acquisitions(rows: Sequence[RealSetScores]) -> list[str]:
    """Correct predictions by acquisition, a line for every row with several acquisitions."""
    return [
        f"{row.data_set}, {row.predictor}: {', '.join(f'{one.name} {one.correct} of {one.images}' for one in several)}"
        for row in rows
        if len(several := row.acquisitions) > 1
    ]


def print_benchmark(found: ReleaseOnBenchmark, console: Console) -> None:
    """Print the scores of a release on the frozen benchmark."""
    scores = found.scores()
    console.print(scores.identity, soft_wrap=True)
    console.print(
        f"correct {scores.correct:,} of {scores.images:,} ({format_interval(scores.accuracy_ci)}), F1 {scores.f1:.3f}"
        f" ({format_interval(scores.f1_95)}), precision {scores.precision:.3f}, recall {scores.recall:.3f}, AUC"
        f" {scores.auc:.3f}; border/centre rule: F1 {scores.rule_f1:.3f} ({format_interval(scores.rule_f1_95)}), AUC"
        f" {scores.rule_auc:.3f}; F1 minus the rule's: {describe_f1_above_rule(scores)}; in brackets 95 % over sample"
        " masks and textures",
        soft_wrap=True,
    )
    for table in found.aspect_tables():
        print_table(table, console)


def scores_as_json(rows: Sequence[RealSetScores], benchmark: ReleaseOnBenchmark | None = None) -> str:
    """The real sets, one object per row, and the benchmark when it was evaluated."""
    found = None if benchmark is None else benchmark.scores().model_dump(mode="json")
    return json.dumps({"real_sets": [asdict(row) for row in rows], "benchmark": found}, indent=2)


def warnings_of(rows: Sequence[RealSetScores]) -> list[str]:
    """Each warning once, in the order of the rows."""
    return list(dict.fromkeys(row.warning for row in rows if row.warning))


def format_interval(interval: Interval | None) -> str:
    """Both ends to three digits, the only rounding of an interval; a dash when there is none."""
    return "-" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"


def describe_f1_above_rule(scores: BenchmarkScores) -> str:
    """F1 of the release minus F1 of the rule, with its interval."""
    difference, interval = scores.f1 - scores.rule_f1, scores.f1_above_rule_95
    return f"{difference:+.3f}" + ("" if interval is None else f" ({interval[0]:+.3f} to {interval[1]:+.3f})")


def format_auc(auc: float | None) -> str:
    """Three digits, or a dash when there is one class only."""
    return "-" if auc is None else f"{auc:.3f}"
