"""The model card: what a release is, what it was made of, how it does, and what it must not be used for."""

from collections.abc import Sequence
from textwrap import fill

from model_store.manifest import Manifest
from training.evaluate import RULE_NAME
from training.evaluation_table import format_auc, warnings_of
from training.figures import Figures
from training.fit_settings import FitSettings
from training.recipe_text import describe_data, describe_recipe

_PURPOSE = """\
Off-sample recognition for imaging mass spectrometry: one ion image goes in, the probability that its signal comes
mainly from outside the sample comes out.
"""

_LIMITS = """\
## Limits

- Probabilities are not calibrated, and no uncertain band is stated.{class_share}
- It sees one ion image at a time. Few-count images, ions bright along the rim of the sample and patterns that are
  everywhere need the dataset's context, which it does not have.
- Where nothing but sample was acquired, nothing is off-sample; this release can still call an ion so.
{shapes}
- The real sets are small and none is a random draw of ion images: intervals are wide and do not cover that.
"""


def write_model_card(manifest: Manifest, settings: FitSettings, rows: Sequence[Figures]) -> str:
    """Markdown; its first line says where the release does not beat the untrained rule, when there is such a set."""
    parts = [
        *_write_verdict(rows),
        f"# Release {manifest.version}\n",
        _PURPOSE,
        _write_recipe(manifest, settings),
        _write_figures(rows),
        _write_limits(settings),
    ]
    return "\n".join(parts)


def sets_not_beaten(rows: Sequence[Figures]) -> list[tuple[Figures, Figures]]:
    """Release and rule on every set where the release's AUC is not above the rule's."""
    rules = {row.data_set: row for row in rows if row.predictor == RULE_NAME}
    pairs = [(row, rules[row.data_set]) for row in rows if row.predictor != RULE_NAME]
    return [(ours, rule) for ours, rule in pairs if (ours.auc or 0.0) <= (rule.auc or 0.0)]


def _write_verdict(rows: Sequence[Figures]) -> list[str]:
    weak = [
        f"{ours.data_set} ({format_auc(ours.auc)} against {format_auc(rule.auc)})"
        for ours, rule in sets_not_beaten(rows)
    ]
    if not weak:
        return []
    return [f"**By AUC this release does not beat the untrained border/centre rule on: {', '.join(weak)}.**\n"]


def _write_recipe(manifest: Manifest, settings: FitSettings) -> str:
    data, recipe = describe_data(settings), describe_recipe(settings, manifest.threshold)
    command = manifest.provenance.command.replace(" && ", "\n    ")
    return f"## Data\n\n{_wrap(data)}\n\n## Recipe\n\n{_wrap(recipe)}\n\n    {command}\n"


def _write_limits(settings: FitSettings) -> str:
    if settings.data is None:
        return _LIMITS.format(
            class_share=" About half of the training images are off-sample.",
            shapes="- The sample masks come from METASPACE datasets,"
            " so the shapes it knows are those of METASPACE's users.",
        )
    return _LIMITS.format(
        class_share="", shapes=f"- The samples and instruments it knows are those of {settings.data.name}."
    )


def _wrap(paragraph: str) -> str:
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


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
