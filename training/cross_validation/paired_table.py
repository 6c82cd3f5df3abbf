"""A paired comparison as a table."""

from training.metrics.paired_comparison import PairedComparison, PairedCounts
from training.reports.text_tables import TextTable


def make_paired_table(title: str, comparison: PairedComparison) -> TextTable:
    """Every dataset, and all together at the end."""
    first, second = comparison.first, comparison.second
    headings = ("dataset", "labels", first, second, "both right", f"only {first}", f"only {second}")
    rows = tuple(_cells(counts) for counts in (*comparison.datasets, comparison.total))
    return TextTable(title, headings, rows, frozenset({len(rows) - 1}))


def _cells(counts: PairedCounts) -> tuple[str, ...]:
    numbers = (counts.images, counts.first, counts.second, counts.both, counts.only_first, counts.only_second)
    return (counts.name, *(f"{number:,}" for number in numbers))
