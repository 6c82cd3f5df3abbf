"""`python -m training compare_groups-datasets`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from shared.progress_bar import show_progress

if TYPE_CHECKING:
    from training.realism.comparison import DatasetGroup, Difference
    from training.reports.text_tables import TextTable


def compare_datasets(
    datasets: Annotated[int, typer.Option(min=5, help="Semi-synthetic datasets, and windows, to draw.")] = 80,
    mixture: Annotated[str, typer.Option(help="Name of the mixture to draw from.")] = "training-2",
    seed: Annotated[int, typer.Option(min=0)] = 1,
    output: Annotated[Path, typer.Option(help="PNG to write.")] = Path("runs/datasets.png"),
) -> None:
    """Compare semi-synthetic whole datasets with real acquisitions, by simple statistics and side by side."""
    from training.acquisitions.series import load_acquisitions  # noqa: PLC0415 - --help needs none of it
    from training.realism.comparison import compare_groups, measure_real, measure_synthetic, measure_windows  # noqa: PLC0415
    from training.realism.figure import write_comparison  # noqa: PLC0415
    from training.reports.text_tables import print_table  # noqa: PLC0415
    from training.synthetic.mixture import load_training_mixture  # noqa: PLC0415
    from training.synthetic.sources import load_sources  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 140)
    chosen, sources, acquisitions = load_training_mixture(mixture), load_sources(), load_acquisitions()
    with show_progress(console=console) as on_progress:
        synthetic = measure_synthetic(sources, chosen, datasets, seed, on_progress)
        real = measure_real(acquisitions, seed, on_progress)
        windows = measure_windows(acquisitions, sources, datasets, seed, on_progress)
    for group in (real, windows):
        print_table(_tabulate(group, synthetic, compare_groups(group, synthetic)), console)
    write_comparison((real, windows, synthetic), output)
    console.print(f"wrote {output}", soft_wrap=True)


def _tabulate(real: "DatasetGroup", synthetic: "DatasetGroup", differences: "list[Difference]") -> "TextTable":
    from training.realism.comparison import IONS  # noqa: PLC0415
    from training.reports.text_tables import TextTable  # noqa: PLC0415

    rows = [
        (
            one.statistic.replace("_", " "),
            one.area,
            _write(one.real),
            _write(one.synthetic),
            f"{one.distance:.2f}",
            f"{one.real_datasets} / {one.synthetic_datasets}",
        )
        for one in differences
    ]
    title = f"{real.name} and {synthetic.name}: median (quartiles) over datasets of {IONS} ions"
    headings = ("statistic", "area", real.name, synthetic.name, "KS distance", "datasets")
    return TextTable(title, headings, tuple(rows))


def _write(quartiles: tuple[float, float, float]) -> str:
    low, middle, high = quartiles
    digits = 0 if high >= 10 else 2
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
