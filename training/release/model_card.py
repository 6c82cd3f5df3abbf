"""The model card: what a release is, what it was made of, how it does, and what it must not be used for."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.context.blend import Blend
from model_store.manifest import Manifest
from shared.errors import InvalidInputError
from training.benchmark.release_on_benchmark import ReleaseOnBenchmark
from training.fit.recipe_text import describe_data, describe_recipe
from training.fit.settings import FitSettings
from training.metrics.real_set_scores import RealSetScores
from training.metrics.release_scores import RULE_NAME
from training.release.card_limits import wrap, write_limits
from training.release.decision import Decision
from training.reports.evaluation_table import (
    ACQUISITIONS_MEAN,
    WILSON_MEANS,
    describe_acquisitions,
    describe_f1_above_rule,
    format_auc,
    format_interval,
    warnings_of,
)
from training.reports.text_tables import TextTable

_FIGURES_HEADING = "## Figures on real images"
_BENCHMARK_HEADING = "## Figures on semi-synthetic images"
_PICTURES_HEADING = "## Where it fails"
_MEASURED_HEADINGS = (_FIGURES_HEADING, _BENCHMARK_HEADING, _PICTURES_HEADING)

_PURPOSE = """\
Off-sample recognition for imaging mass spectrometry: one ion image goes in, the probability that its signal comes
mainly from outside the sample comes out.
"""

_CONTEXT = """\
This is a context release: beside every ion image, context members see the mean ion image of its dataset and the sample
mask that all ion images of the dataset predict. It is used only where it is asked for by name. Judged with context on
one real dataset with both classes and on the development set; on semi-synthetic images, whose labels come from masks,
a mask wins partly by construction.
"""


@dataclass(frozen=True)
class CardContent:
    """Everything that a card tells of."""

    manifest: Manifest
    settings: FitSettings
    rows: Sequence[RealSetScores]
    decision: Decision
    benchmark: ReleaseOnBenchmark | None
    pictures: str | None
    """File name of the pictures, beside the card."""

    blend: Blend | None = None
    plain: str | None = None
    """Version of the release whose members see the image alone; None = there are none."""


def write_model_card(content: CardContent) -> str:
    """Markdown; its first line says where the release does not beat the untrained rule, when there is such a set."""
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
    """The card with its verdict and the sections that hold figures written anew, everything else word by word.

    Raises
    ------
    InvalidInputError
        When it has no title, or no section of figures.
    """
    title = f"# Release {manifest.version}\n"
    if title not in card or f"\n{_FIGURES_HEADING}\n" not in card:
        raise InvalidInputError(f"the model card of release {manifest.version} is not one that `publish` wrote")
    _, _, behind_title = card.partition(title)
    first, *sections = behind_title.split("\n## ")
    anew = "\n".join(
        [_write_scores(rows), *_write_benchmark(benchmark, manifest), *_write_pictures(pictures)],
    )
    kept = [f"## {section}" for section in sections]
    place = next(number for number, section in enumerate(kept) if section.startswith(_FIGURES_HEADING))
    kept = [section for section in kept if not section.startswith(_MEASURED_HEADINGS)]
    kept.insert(place, anew.rstrip("\n") + "\n")
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
            f" Beside these context members stand the {manifest.image_members} members of release {content.plain},"
            " which see the image alone; its card says how they were made."
        )
    command = manifest.provenance.command.replace(" && ", "\n    ")
    return f"## Data\n\n{wrap(data)}\n\n## Recipe\n\n{wrap(recipe)}\n\n    {command}\n"


def _write_blend(blend: Blend | None) -> list[str]:
    if blend is None:
        return []
    text = (
        "What the networks say is weighed with what the sample mask says, by a logistic regression that was fitted on"
        f" {blend.fitted_on}. Weights are log-odds per standard deviation; an image without context is judged by the"
        " image members."
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
        _FIGURES_HEADING,
        "",
        "Each set on its own; never add them up.",
        "",
        "| set | it is | predictor | right | Wilson 95 % | over acquisitions | AUC |",
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
    notes.append(
        "- gold_standard_top_losses was chosen because models fail on it, and says nothing about ordinary images."
    )
    return "\n".join([*lines, "", *notes, ""])


def _write_benchmark(benchmark: ReleaseOnBenchmark | None, manifest: Manifest) -> list[str]:
    if benchmark is None:
        return []
    found = benchmark.scores()
    error = found.expected_calibration_error
    text = (
        f"{found.identity}. It was fixed before this release was fitted. Right: {found.correct:,} of {found.images:,}"
        f" ({format_interval(found.accuracy_ci)}); F1 {found.f1:.3f} ({format_interval(found.f1_95)}), precision"
        f" {found.precision:.3f}, recall {found.recall:.3f}, AUC {found.auc:.3f}"
        f"{'' if error is None else f', expected calibration error {error:.3f}'}."
        f" {RULE_NAME.capitalize()}: F1 {found.rule_f1:.3f} ({format_interval(found.rule_f1_95)}), AUC"
        f" {found.rule_auc:.3f}. F1 above the rule's: {describe_f1_above_rule(found)}. In brackets 95 % intervals over"
        " sample masks and textures, drawn each on their own."
        " Many of its images are undecidable by design: few counts, or a contrast near the limit of the label."
    )
    if manifest.uses_context:
        text += " Its images belong to no dataset, so they were judged without context."
    tables = [_write_table(table) for table in benchmark.aspect_tables()]
    return [_BENCHMARK_HEADING, "", wrap(text), "", *tables]


def _write_table(table: TextTable) -> str:
    lines = [f"| {' | '.join(table.headings)} |", "|---" * len(table.headings) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in table.rows), ""])


def _write_pictures(pictures: str | None) -> list[str]:
    if pictures is None:
        return []
    text = (
        "What it is surest of and wrong about: up to eight images of every real set, and sixteen of the benchmark, as"
        " the network sees them. Above each its label and the probability it got."
    )
    return [_PICTURES_HEADING, "", wrap(text), "", f"![worst mistakes]({pictures})", ""]
