"""The table of a recipe search."""

from collections.abc import Sequence

from training.recipe_search.search import VariantRow
from training.reports.text_tables import TextTable


def make_variant_table(rows: Sequence[VariantRow], images: int, folds: int) -> TextTable:
    """The default recipe first, then the variants from the best to the worst."""
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
