"""Class counts: how many ion images of a labelled set are on and off, per dataset (figure 22 of the 2018 report)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.counting import count_of
from training.labelled.family import name_family
from training.labelled.labelled_set import LabelledSet

_LISTED = 20
"""Left-out images that are listed by default."""


@dataclass(frozen=True)
class ClassCounts:
    """Class counts of one dataset."""

    dataset: str
    family: str
    on: int
    off: int
    left_out: int

    @property
    def off_share(self) -> float:
        """Share of off-sample images among the labelled ones; 0 without labelled images."""
        return self.off / max(1, self.on + self.off)


def count_classes(labelled_set: LabelledSet) -> list[ClassCounts]:
    """Count every dataset, by name, including those with all images left out."""
    labels = Counter(zip(labelled_set.datasets, labelled_set.off.tolist(), strict=True))
    left_out = Counter(entry.dataset for entry in labelled_set.left_out)
    names = sorted(set(labelled_set.datasets) | set(left_out))
    return [
        ClassCounts(name, name_family(name), labels[name, False], labels[name, True], left_out[name]) for name in names
    ]


def print_class_counts(
    labelled_set: LabelledSet, counts: Sequence[ClassCounts], console: Console, *, every: bool = False
) -> None:
    """Print a row per dataset, the totals, and what was left out and why."""
    table = Table(title=Text(f"{labelled_set.name}: ion images per dataset"))
    table.add_column("dataset", overflow="fold")
    table.add_column("family", overflow="fold")
    for heading in ("on", "off", "off share", "left out"):
        table.add_column(heading, justify="right")
    for row in counts:
        share = f"{row.off_share:.0%}"
        table.add_row(Text(row.dataset), Text(row.family), str(row.on), str(row.off), share, str(row.left_out or ""))
    console.print(table)
    on, off = sum(row.on for row in counts), sum(row.off for row in counts)
    families = len({row.family for row in counts})
    of_families = "1 family" if families == 1 else f"{families} families"
    console.print(
        f"{on + off:,} ion images of {count_of(len(counts), 'dataset')} ({of_families} by name):"
        f" {on:,} on, {off:,} off ({off / max(1, on + off):.0%})",
        soft_wrap=True,
    )
    print_left_out(labelled_set, console, every=every)


def print_left_out(labelled_set: LabelledSet, console: Console, *, every: bool = False) -> None:
    """Print how many images were left out per reason, and the first, or all, by name."""
    if not labelled_set.left_out:
        return
    parts = ", ".join(f"{count:,} {reason}" for reason, count in sorted(labelled_set.left_out_counts.items()))
    console.print(f"left out: {parts}", style="yellow", soft_wrap=True)
    shown = labelled_set.left_out if every else labelled_set.left_out[:_LISTED]
    for entry in shown:
        console.print(
            Text(f"  {entry.dataset} / {entry.annotation_id}: {entry.reason}: {entry.detail}"), soft_wrap=True
        )
    rest = len(labelled_set.left_out) - len(shown)
    if rest:
        console.print(f"  and {rest:,} more (--all lists them)", soft_wrap=True)
