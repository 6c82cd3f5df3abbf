"""What a dataset report tells about a dataset of the command line."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from model_store.predictors.predictor import Predictor
from worker.classification.classification import Classification
from worker.cli.inputs.local import LocalDataset
from worker.cli.outputs.row_format import DatasetRows
from worker.messages.event import Annotation
from worker.messages.results import count_rows
from worker.report.page_data import ClassifiedDataset, describe_location


def describe_for_report(
    dataset: LocalDataset,
    annotations: Sequence[Annotation],
    found: Classification,
    predictor: Predictor,
    threshold: float | None,
    notes: Sequence[str],
) -> ClassifiedDataset:
    """The dataset with everything that its report shows."""
    manifest = predictor.release.manifest
    return ClassifiedDataset(
        dataset_id=dataset.data.dataset_id,
        annotations=annotations,
        found=found,
        manifest=manifest,
        threshold=manifest.threshold if threshold is None else threshold,
        notes=notes,
        loose=dataset.loose or len(found.shapes) > 1,
        provenance=describe_location(dataset.data) | {"Engine": predictor.engine.value},
    )


def write_report_summary(
    path: Path, classified: Sequence[DatasetRows], pages: Mapping[str, Path], reasons: Mapping[str, str]
) -> None:
    """Write the summary of several reports.

    Parameters
    ----------
    pages
        The report of each dataset, by its id.
    reasons
        Why other inputs could not be classified, by their names.
    """
    from worker.report.summary_page import SummaryLine, write_summary  # noqa: PLC0415 - imports jinja2

    lines = [
        SummaryLine(one.dataset_id, pages[one.dataset_id], count_rows(one.rows), one.assessment, one.conclusion)
        for one in classified
    ]
    shown = {one.dataset_id for one in classified}
    lines += [SummaryLine(name, conclusion=reason) for name, reason in reasons.items() if name not in shown]
    write_summary(path, lines, ", ".join(sorted({one.release for one in classified})))
