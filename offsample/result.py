"""What was found out about one dataset, and the forms in which to go on with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from model_store.predictors.predictor import Predictor
from offsample.dataset import Dataset
from shared.errors import ConfigurationError, InvalidInputError
from shared.progress import ignore_progress
from shared.progress_bar import show_progress
from worker.classification.assessment import SENTENCES
from worker.classification.classification import Classification
from worker.classification.conclusion import conclude
from worker.cli.outputs.gallery import make_gallery
from worker.cli.outputs.ion_facts import find_ion_facts
from worker.cli.outputs.row_format import DatasetRows, make_lines
from worker.messages.event import Annotation
from worker.messages.results import Counts, ResultRow
from worker.report.page_data import ClassifiedDataset
from worker.report.recorded_source import RecordedSource
from worker.report.tile_buffer import TileBuffer

if TYPE_CHECKING:
    from anndata import AnnData
    from pandas import DataFrame

_PICTURE_IMAGES: Final = 40
"""Ion images in a notebook's display, so that it fits on a screen."""
_PAGE_SUFFIXES: Final = (".html", ".htm")


@dataclass(frozen=True, eq=False)
class Result:
    """The rows of one dataset; a notebook shows its most confident ion images.

    Ion images are not kept: `to_anndata`, `report` and the picture read them again from where they are.
    """

    dataset_id: str
    _dataset: Dataset = field(repr=False)
    _annotations: Sequence[Annotation] = field(repr=False)
    _found: Classification = field(repr=False)
    _predictor: Predictor = field(repr=False)
    _threshold: float | None = field(repr=False)
    notes: Sequence[str] = field(repr=False)
    """What the reader assumed or left out where the dataset contradicts itself, or its list is not understood."""

    @property
    def rows(self) -> Sequence[ResultRow]:
        """One per ion image, in the order of the dataset."""
        return self._found.rows

    @property
    def release(self) -> str:
        """Version of the release that made the predictions."""
        return self._predictor.release.version

    @property
    def counts(self) -> Counts:
        """Number of ion images by outcome."""
        return self._found.counts

    @property
    def conclusion(self) -> str:
        """What was found out, in one sentence."""
        return conclude(self._found.counts, self._found.off_sample_area)

    @property
    def cautions(self) -> Sequence[str]:
        """What to check before the labels are believed, one sentence each; usually nothing."""
        return [SENTENCES[code] for code in self._found.assessment]

    def to_pandas(self) -> "DataFrame":
        """A row for each ion image, indexed by annotation id, with the columns of `--format csv`.

        Raises
        ------
        ConfigurationError
            When pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigurationError(
                "tables need pandas, which is not installed; install it with pip install 'offsample[notebook]'"
            ) from error
        return pd.DataFrame(list(make_lines(self._dataset_rows))).set_index("annotation_id")

    def to_anndata(self) -> "AnnData":
        """The dataset as AnnData, as `offsample classify --output out.h5ad` writes it.

        Labels are columns of `var`. An .h5ad file keeps all else; of any other dataset ions are `var`, acquired pixels
        `obs`, and `obsm["spatial"]` is x, y in px.

        Raises
        ------
        InvalidInputError
            When the images differ in size, or the dataset cannot be read any more.
        ConfigurationError
            When anndata is not installed.
        """
        from worker.cli.outputs.anndata_file import extend_anndata, make_anndata  # noqa: PLC0415 - only where it is used

        with TemporaryDirectory(prefix="offsample-anndata-") as folder:
            path = Path(folder) / "dataset.h5ad"
            if self._dataset.anndata is not None:
                extend_anndata(self._dataset.anndata, path, self._annotations, self._dataset_rows)
            else:
                with self._dataset.open(ignore_progress) as source:
                    make_anndata(path, source, self._annotations, self._dataset_rows)
            import anndata  # noqa: PLC0415 - an extra; the error without it is that of the functions above

            return anndata.read_h5ad(path)

    def report(self, path: str | Path) -> Path:
        """Write a page to look through, check and correct (docs/report.md), and return its path.

        Raises
        ------
        InvalidInputError, NoRoomError
            When `path` is not an .html file, cannot be written, or its disk is full; it is then as it was.
        """
        from worker.report.page import write_report  # noqa: PLC0415 - jinja2 is imported only where it is used

        page = Path(path)
        if page.suffix.lower() not in _PAGE_SUFFIXES:
            raise InvalidInputError(f"expected a {' or '.join(_PAGE_SUFFIXES)} file for the report, got {page}")
        with show_progress(self.dataset_id) as on_work, TileBuffer(len(self._annotations)) as tiles:
            with RecordedSource(self._dataset.open(on_work), tiles) as source:
                for _ in source.fetch(self._annotations):
                    pass
            write_report(page, self._describe_for_page(), tiles, self._predictor, on_work)
        return page

    def __repr__(self) -> str:
        return f"<offsample result for {self.dataset_id!r}: {self.conclusion} (release {self.release})>"

    def _repr_png_(self) -> bytes | None:
        """The picture that a notebook shows; None when no ion image was classified."""
        return self._picture

    @cached_property
    def _picture(self) -> bytes | None:
        if not any(row.label for row in self.rows):
            return None
        with TemporaryDirectory(prefix="offsample-picture-") as folder, self._dataset.open(ignore_progress) as source:
            path = Path(folder) / "picture.png"
            title = f"{self.dataset_id}: {self.conclusion}"
            make_gallery(source, self._annotations, self.rows, path, title, most=_PICTURE_IMAGES)
            return path.read_bytes()

    @cached_property
    def _dataset_rows(self) -> DatasetRows:
        facts = find_ion_facts(self._annotations, self._found.extents)
        return DatasetRows(self.dataset_id, self.release, self.rows, facts, self._found.assessment, self.conclusion)

    def _describe_for_page(self) -> ClassifiedDataset:
        manifest = self._predictor.release.manifest
        return ClassifiedDataset(
            dataset_id=self.dataset_id,
            annotations=self._annotations,
            found=self._found,
            manifest=manifest,
            threshold=manifest.threshold if self._threshold is None else self._threshold,
            notes=self.notes,
            loose=self._dataset.loose or len(self._found.shapes) > 1,
            provenance=dict(self._dataset.provenance) | {"Engine": self._predictor.engine.value},
        )
