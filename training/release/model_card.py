"""The model card: what a release is, how it was made, its scores and its limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.context.blend import Blend
from model_store.manifest import Manifest
from shared.errors import InvalidInputError
from training.benchmark.release_on_benchmark import ReleaseOnBenchmark
from training.fit.recipe_text import describe_data, describe_recipe
from training.fit.settings import FitSettings
from training.metrics.border_centre import RULE_NAME
from training.metrics.real_set_scores import RealSetScores
from training.release.card_limits import wrap, write_limits
from training.release.decision import Decision
from training.release.evaluation_table import (
    ACQUISITIONS_MEAN,
    WILSON_MEANS,
    describe_acquisitions,
    describe_f1_above_rule,
    format_auc,
    format_interval,
    warnings_of,
)
from training.reports.text_tables import TextTable

_REAL_HEADING = "## Scores on real images"
_BENCHMARK_HEADING = "## Scores on semi-synthetic images"
_PICTURES_HEADING = "## Where it fails"
_OLD_HEADINGS = {"## Figures on real images": _REAL_HEADING, "## Figures on semi-synthetic images": _BENCHMARK_HEADING}
"""Headings of cards up to 2026.11.3."""

_MEASURED_HEADINGS = (_REAL_HEADING, _BENCHMARK_HEADING, _PICTURES_HEADING)

_PURPOSE = """\
Off-sample recognition for imaging mass spectrometry: one ion image goes in, the probability that its signal comes
mainly from outside the sample comes out.
"""

_CONTEXT = """\
This is a context release: in addition to an ion image, context members use the mean ion image of its dataset and the
sample mask predicted from all ion images of the dataset. It is used only when requested by name. It was evaluated with
context on one real dataset with both classes and on the development set; on semi-synthetic images, whose labels come
from masks, a mask has an advantage by construction.
"""


@dataclass(frozen=True)
class CardContent:
    """Everything that a card describes."""

    manifest: Manifest
    settings: FitSettings
    rows: Sequence[RealSetScores]
    decision: Decision
    benchmark: ReleaseOnBenchmark | None
    pictures: str | None
    """File name of the pictures in the card's folder."""

    blend: Blend | None = None
    plain: str | None = None
    """Version of the release whose image members are included; None = no image members."""


def write_model_card(content: CardContent) -> str:
    """Markdown; its first line names the sets on which the release does not beat the untrained rule, if any."""
    parts = [
        *_write_verdict(content.rows),
        f"# Release {content.manifest.version}\n",
        _PURPOSE,
        *([_CONTEXT] if content.manifest.uses_context else []),
        _write_recipe(content),
        *_write_blend(content.blend),
        _write_decision(content.decision),
        _write_scores(content.rows),
        *_write_benchmark(content.benchmark, content.manifest),
        *_write_pictures(content.pictures),
        write_limits(content.manifest, content.settings, content.decision),
    ]
    return "\n".join(parts)


def rewrite_scores(
    card: str,
    manifest: Manifest,
    rows: Sequence[RealSetScores],
    benchmark: ReleaseOnBenchmark | None,
    pictures: str | None,
) -> str:
    """Rewrite the verdict and the measured sections of a card, and keep everything else unchanged.

    Raises
    ------
    InvalidInputError
        When it has no title, or no section of scores on real images.
    """
    title = f"# Release {manifest.version}\n"
    for old, new in _OLD_HEADINGS.items():
        card = card.replace(f"\n{old}\n", f"\n{new}\n")
    if title not in card or f"\n{_REAL_HEADING}\n" not in card:
        raise InvalidInputError(
            f"expected a model card written by `publish` for release {manifest.version}, got another text"
        )
    _, _, after_title = card.partition(title)
    first, *sections = after_title.split("\n## ")
    rewritten = "\n".join(
        [_write_scores(rows), *_write_benchmark(benchmark, manifest), *_write_pictures(pictures)],
    )
    kept = [f"## {section}" for section in sections]
    position = next(number for number, section in enumerate(kept) if section.startswith(_REAL_HEADING))
    kept = [section for section in kept if not section.startswith(_MEASURED_HEADINGS)]
    kept.insert(position, rewritten.rstrip("\n") + "\n")
    verdict = "".join(f"{part}\n" for part in _write_verdict(rows))
    return f"{verdict}{title}{first}\n" + "\n".join(kept)


def sets_not_beaten(rows: Sequence[RealSetScores]) -> list[tuple[RealSetScores, RealSetScores]]:
    """Release and rule on every set with both classes where the release's AUC is not above the rule's."""
    rules = {row.data_set: row for row in rows if row.predictor == RULE_NAME}
    pairs = [(row, rules[row.data_set]) for row in rows if row.predictor != RULE_NAME and row.auc is not None]
    return [(ours, rule) for ours, rule in pairs if (ours.auc or 0.0) <= (rule.auc or 0.0)]


def _write_verdict(rows: Sequence[RealSetScores]) -> list[str]:
    weak = [
        f"{ours.data_set} ({format_auc(ours.auc)} against {format_auc(rule.auc)})"
        for ours, rule in sets_not_beaten(rows)
    ]
    if not weak:
        return []
    return [f"**By AUC this release does not beat the untrained border/centre rule on: {', '.join(weak)}.**\n"]


def _write_recipe(content: CardContent) -> str:
    manifest, settings = content.manifest, content.settings
    data, recipe = describe_data(settings), describe_recipe(settings, manifest.threshold)
    if content.plain is not None:
        recipe += (
            f" It also has the {manifest.image_members} members of release {content.plain}, which use the image only;"
            " the card of that release describes them."
        )
    command = manifest.provenance.command.replace(" && ", "\n    ")
    return f"## Data\n\n{wrap(data)}\n\n## Recipe\n\n{wrap(recipe)}\n\n    {command}\n"


def _write_blend(blend: Blend | None) -> list[str]:
    if blend is None:
        return []
    text = (
        "A logistic regression combines the networks' probabilities with features of the sample mask; it was fitted on"
        f" {blend.fitted_on}. Weights are log-odds per standard deviation; an image without context is classified by"
        " the image members."
    )
    rows = tuple((term.name.replace("_", " "), f"{term.weight:+.3f}") for term in blend.terms)
    return [
        "## Blend",
        "",
        wrap(text),
        "",
        _write_table(TextTable("Terms of the blend", ("term", "weight"), rows)),
    ]


def _write_decision(decision: Decision) -> str:
    return f"## Threshold, uncertainty and calibration\n\n{wrap(decision.rationale)}\n"


def _write_scores(rows: Sequence[RealSetScores]) -> str:
    lines = [
        _REAL_HEADING,
        "",
        "One set per row; sets must not be pooled.",
        "",
        "| set | role | predictor | correct | Wilson 95 % | over acquisitions | AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.data_set} | {row.role} | {row.predictor} | {row.correct} of {row.images}"
        f" | {format_interval(row.wilson_95)} | {format_interval(row.acquisitions_95)} | {format_auc(row.auc)} |"
        for row in rows
    ]
    notes = [
        f"- Wilson 95 %: {WILSON_MEANS}. Over acquisitions: {ACQUISITIONS_MEAN}.",
        *(f"- {line}." for line in describe_acquisitions(rows)),
        *(f"- {warning}." for warning in warnings_of(rows)),
    ]
    notes.append("- gold_standard_top_losses was chosen because models fail on it, so its scores do not generalise.")
    return "\n".join([*lines, "", *notes, ""])


def _write_benchmark(benchmark: ReleaseOnBenchmark | None, manifest: Manifest) -> list[str]:
    if benchmark is None:
        return []
    scores = benchmark.scores()
    error = scores.expected_calibration_error
    text = (
        f"{scores.identity}. It was fixed before this release was fitted. Correct: {scores.correct:,} of"
        f" {scores.images:,} ({format_interval(scores.accuracy_ci)}); F1 {scores.f1:.3f}"
        f" ({format_interval(scores.f1_95)}), precision {scores.precision:.3f}, recall {scores.recall:.3f}, AUC"
        f" {scores.auc:.3f}{'' if error is None else f', expected calibration error {error:.3f}'}."
        f" {RULE_NAME.capitalize()}: F1 {scores.rule_f1:.3f} ({format_interval(scores.rule_f1_95)}), AUC"
        f" {scores.rule_auc:.3f}. F1 minus the rule's: {describe_f1_above_rule(scores)}. In brackets 95 % intervals"
        " over sample masks and textures, resampled independently."
        " Many of its images are undecidable by design: few counts, or a contrast near the limit between the labels."
    )
    if manifest.uses_context:
        text += " Its images belong to no dataset, so they were classified without context."
    tables = [_write_table(table) for table in benchmark.aspect_tables()]
    return [_BENCHMARK_HEADING, "", wrap(text), "", *tables]


def _write_table(table: TextTable) -> str:
    lines = [f"| {' | '.join(table.headings)} |", "|---" * len(table.headings) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in table.rows), ""])


def _write_pictures(pictures: str | None) -> list[str]:
    if pictures is None:
        return []
    text = (
        "Its most confident wrong predictions: up to eight images of every real set, and sixteen of the benchmark, as"
        " network inputs. Above each image are its label and its predicted probability."
    )
    return [_PICTURES_HEADING, "", wrap(text), "", f"![worst mistakes]({pictures})", ""]
