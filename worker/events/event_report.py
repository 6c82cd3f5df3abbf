"""The report that an event asks for."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from model_store.predictors.predictor import Predictor
from shared.progress import ProgressCallback
from worker.classification.classification import Classification
from worker.messages.event import Annotation, DatasetAnnotated
from worker.report.page_data import ClassifiedDataset, describe_location
from worker.report.recorded_source import RecordedSource
from worker.report.report_root import ReportRoot
from worker.report.tile_buffer import TileBuffer
from worker.sources.source import IonImageSource


@dataclass
class EventReport:
    """Records the ion images of an event while they are classified, and then writes its report."""

    data: DatasetAnnotated
    path: Path
    stack: ExitStack = field(default_factory=ExitStack)
    tiles: TileBuffer | None = None

    def record(self, source: IonImageSource, images: int) -> RecordedSource:
        """The source to classify instead of `source`, which has at most this number of images."""
        self.tiles = self.stack.enter_context(TileBuffer(images))
        return RecordedSource(source, self.tiles)

    def write(
        self,
        annotations: Sequence[Annotation],
        found: Classification,
        predictor: Predictor,
        notes: Sequence[str],
        on_progress: ProgressCallback,
    ) -> None:
        """Write the page; raises as `write_report`."""
        from worker.report.page import write_report  # noqa: PLC0415 - jinja2 is imported only where it is used

        assert self.tiles is not None, "record comes first"
        manifest, data = predictor.release.manifest, self.data
        dataset = ClassifiedDataset(
            dataset_id=data.dataset_id,
            annotations=annotations,
            found=found,
            manifest=manifest,
            threshold=manifest.threshold if data.threshold is None else data.threshold,
            notes=notes,
            provenance=describe_location(data) | {"Engine": predictor.engine.value},
        )
        write_report(self.path, dataset, self.tiles, predictor, on_progress)


@contextmanager
def open_event_report(data: DatasetAnnotated, root: Path | None) -> Iterator[EventReport | None]:
    """The report of an event, None when it asks for none; raises as `ReportRoot.prepare`."""
    if data.report is None:
        yield None
        return
    with ExitStack() as stack:
        yield EventReport(data, ReportRoot(root).prepare(data.report), stack)
