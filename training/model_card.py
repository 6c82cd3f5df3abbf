"""The model card: what a release is, what it was made of, how it does, and what it must not be used for."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.blend import Blend
from model_store.manifest import Manifest
from training.benchmark.release_figures import ReleaseOnBenchmark
from training.card_limits import wrap, write_limits
from training.decision import Decision
from training.evaluate import RULE_NAME
from training.evaluation_table import format_auc, warnings_of
from training.figures import Figures, wilson_95
from training.fit_settings import FitSettings
from training.recipe_text import describe_data, describe_recipe
from training.text_tables import TextTable

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
    rows: Sequence[Figures]
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
        _write_figures(content.rows),
        *_write_benchmark(content.benchmark, content.manifest),
        *_write_pictures(content.pictures),
        write_limits(content.manifest, content.settings, content.decision),
    ]
    return "\n".join(parts)


def sets_not_beaten(rows: Sequence[Figures]) -> list[tuple[Figures, Figures]]:
    """Release and rule on every set with both classes where the release's AUC is not above the rule's."""
    rules = {row.data_set: row for row in rows if row.predictor == RULE_NAME}
    pairs = [(row, rules[row.data_set]) for row in rows if row.predictor != RULE_NAME and row.auc is not None]
    return [(ours, rule) for ours, rule in pairs if (ours.auc or 0.0) <= (rule.auc or 0.0)]


def _write_verdict(rows: Sequence[Figures]) -> list[str]:
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
    return f"## Threshold, doubt and calibration\n\n{wrap(decision.account)}\n"


def _write_figures(rows: Sequence[Figures]) -> str:
    lines = [
        "## Figures on real images",
        "",
        "Each set on its own; never add them up.",
        "",
        "| set | it is | predictor | right | Wilson 95 % | AUC |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row.wilson_95
        lines.append(
            f"| {row.data_set} | {row.role} | {row.predictor} | {row.right} of {row.images}"
            f" | {low:.3f}-{high:.3f} | {format_auc(row.auc)} |"
        )
    notes = [f"- {warning}." for warning in warnings_of(rows)]
    notes.append(
        "- gold_standard_top_losses was chosen because models fail on it, and says nothing about ordinary images."
    )
    return "\n".join([*lines, "", *notes, ""])


def _write_benchmark(benchmark: ReleaseOnBenchmark | None, manifest: Manifest) -> list[str]:
    if benchmark is None:
        return []
    found = benchmark.figures()
    low, high = wilson_95(found.right, found.images)
    error = found.expected_calibration_error
    text = (
        f"{found.identity}. It was fixed before this release was fitted. Right: {found.right:,} of {found.images:,}"
        f" (Wilson 95 % {low:.3f}-{high:.3f}); F1 {found.f1:.3f}, precision {found.precision:.3f}, recall"
        f" {found.recall:.3f}, AUC {found.auc:.3f}"
        f"{'' if error is None else f', expected calibration error {error:.3f}'}."
        f" {RULE_NAME.capitalize()}: F1 {found.rule_f1:.3f}, AUC {found.rule_auc:.3f}."
        " Many of its images are undecidable by design: few counts, or a contrast near the limit of the label."
    )
    if manifest.uses_context:
        text += " Its images belong to no dataset, so they were judged without context."
    tables = [_write_table(table) for table in benchmark.aspect_tables()]
    return ["## Figures on semi-synthetic images", "", wrap(text), "", *tables]


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
    return ["## Where it fails", "", wrap(text), "", f"![worst mistakes]({pictures})", ""]
