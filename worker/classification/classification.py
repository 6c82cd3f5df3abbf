"""From ion images to result rows: the path that queue and command line share."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final

import numpy as np
import numpy.typing as npt

from model_store.area.decision import AreaVerdict
from model_store.predictors.predictor import Predictor
from model_store.profile import DatasetProfile, make_profile
from shared.preprocessing import INPUT_SIDE_PX, Channel, NetworkInputs, describe_missing_signal, preprocess
from shared.progress import ProgressCallback, ignore_progress
from worker.classification.area_run import AreaRun
from worker.classification.assessment import ImageExtent, assess, measure_extent
from worker.classification.batch import DatasetScope, InputBatch, PredictedBatch, Shape
from worker.classification.context_run import ContextRun
from worker.classification.stages import Stage, Stages
from worker.messages.event import Annotation
from worker.messages.results import Assessment, Counts, Label, ResultRow, count_rows
from worker.sources.prefetching import prefetch_batches
from worker.sources.source import FetchedIonImage, IonImageSource

READING: Final = "reading"
CLASSIFYING: Final = "classifying"
"""The steps that `classify` tells of."""

BATCH_IMAGES = 128
"""Network inputs per call of the predictor; while it runs, the next batch is fetched and preprocessed."""

_DECIMALS = 7
"""Digits of a published probability, the precision of float32."""

_NO_INPUTS: NetworkInputs = np.zeros((0, INPUT_SIDE_PX, INPUT_SIDE_PX, 1), dtype=np.float32)


@dataclass(frozen=True)
class Classification:
    """One row per annotation, in the order of the request."""

    rows: list[ResultRow]
    shapes: Counter[Shape]
    """Number of readable ion images by (height, width), px."""
    stages: Stages = field(default_factory=Stages)
    extents: Mapping[str, ImageExtent] = field(default_factory=dict)
    """By annotation id, of all ion images that could be read."""
    off_sample_area: AreaVerdict | None = None
    """Whether the dataset has off-sample area; None when the release does not predict it."""
    off_sample_area_probability: float | None = None
    """Of off-sample area; None when the release does not predict it."""
    sample_mask: npt.NDArray[np.float32] | None = None
    """(28, 28) in [0, 1], which part of the image is sample; None when the release does not predict it."""
    batches: Sequence[int] = ()
    """Network inputs per call of the predictor."""
    release_threshold: float = 0.5
    """The release's own, which the profile uses whatever threshold the labels have."""

    @property
    def assessment(self) -> list[Assessment]:
        """What to check before the labels are believed; usually nothing."""
        return assess(self.classified_extents, self.counts, self.off_sample_area)

    @property
    def classified_extents(self) -> list[ImageExtent]:
        """Those of the classified ion images."""
        return [self.extents[row.annotation_id] for row in self.rows if row.status == "classified"]

    @property
    def counts(self) -> Counts:
        """Number of annotations by outcome."""
        return count_rows(self.rows)

    @cached_property
    def profile(self) -> DatasetProfile | None:
        """The dataset in a few numbers; None when no ion image was classified."""
        classified = [row for row in self.rows if row.off_sample_probability is not None]
        return make_profile(
            [row.off_sample_probability or 0.0 for row in classified],
            [row.member_spread or 0.0 for row in classified],
            [1 - self.extents[row.annotation_id].signal_share for row in classified],
            self.release_threshold,
        )


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One annotation: either a finished row, or a network input that waits for its prediction."""

    annotation_id: str
    shape: Shape | None = None
    network_input: NetworkInputs | None = None
    row: ResultRow | None = None
    extent: ImageExtent | None = None


@dataclass
class _Progress:
    rows: dict[str, ResultRow] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    extents: dict[str, ImageExtent] = field(default_factory=dict)
    stages: Stages = field(default_factory=Stages)
    batches: list[int] = field(default_factory=list)
    read: int = 0
    """Ion images that were fetched and prepared."""


@dataclass(frozen=True)
class _Labelling:
    """How probabilities become labels."""

    threshold: float
    uncertain_band: tuple[float, float] | None
    unclear_area: bool
    """Whether the dataset's off-sample area is unclear: no off-sample label is certain then."""

    def make_row(self, annotation_id: str, probability: float, spread: float) -> ResultRow:
        published = round(probability, _DECIMALS)  # label and band must agree with the number that the reader sees
        label: Label = "off" if published >= self.threshold else "on"
        band = self.uncertain_band
        uncertain = None if band is None else band[0] <= published <= band[1]
        return ResultRow(
            annotation_id=annotation_id,
            status="classified",
            label=label,
            off_sample_probability=published,
            member_spread=round(spread, _DECIMALS),
            uncertain=True if self.unclear_area and label == "off" else uncertain,
        )


def classify(  # noqa: PLR0913 - options of the caller
    source: IonImageSource,
    annotations: Sequence[Annotation],
    predictor: Predictor,
    *,
    threshold: float | None = None,
    one_shape: bool = True,
    loose: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    stages: Stages | None = None,
) -> Classification:
    """Fetch and preprocess in other threads, predict in this one; memory holds a few batches.

    Parameters
    ----------
    threshold
        Off-sample probability at and above which a label is "off"; None = the release's.
    one_shape
        True for the images of one dataset: those that differ from the most frequent shape are `unreadable`. False
        accepts all shapes.
    loose
        Each image is its own dataset, so none has a context.
    on_progress
        Called with `READING` while a release reads the whole dataset before it predicts, and with `CLASSIFYING` once
        there are rows; at least once per batch. An exception that it raises ends the run.
    stages
        Where the times are kept, for a caller that wants those of a run that fails too.
    """
    manifest = predictor.release.manifest
    cut = manifest.threshold if threshold is None else threshold
    progress = _Progress(stages=stages or Stages())
    reads_first = manifest.kind == "area" or manifest.uses_context

    def on_wait() -> None:
        if reads_first and progress.read < len(annotations):
            on_progress(READING, progress.read, len(annotations))
        else:
            on_progress(CLASSIFYING, len(progress.rows), len(annotations))

    scope = DatasetScope(len(annotations), one_shape=one_shape, loose=loose)
    area_run = AreaRun(predictor, scope, BATCH_IMAGES, progress.stages.predict)
    context_run = ContextRun(scope, BATCH_IMAGES)
    fetched = _time_fetching(source.fetch(annotations), progress.stages.fetch)
    prepared = map(partial(_prepare, channels=manifest.input.image_channels, progress=progress), fetched)
    with prefetch_batches(prepared, BATCH_IMAGES, "prepare", on_wait) as gathered:
        batches = _record_finished(gathered, progress)
        if manifest.kind == "area":
            predicted = area_run.predict(batches, progress.shapes, on_wait)
        elif manifest.uses_context:
            predicted = _predict(context_run.complete(batches, progress.shapes, on_wait), predictor, progress)
        else:
            predicted = _predict(batches, predictor, progress)
        for batch in predicted:
            unclear = area_run.found is not None and area_run.found.off_sample_area == "unclear"
            _record_predicted(batch, _Labelling(cut, manifest.uncertain_band, unclear), progress)
    on_wait()
    if one_shape:
        _reject_mismatched_shapes(progress)
    rows = [progress.rows[annotation.annotation_id] for annotation in annotations]
    found = area_run.found
    return Classification(
        rows,
        Counter(progress.shapes.values()),
        stages=progress.stages,
        extents=progress.extents,
        off_sample_area=context_run.off_sample_area if found is None else found.off_sample_area,
        off_sample_area_probability=None if found is None else round(found.area_probability, _DECIMALS),
        sample_mask=None if found is None else found.sample_mask,
        batches=progress.batches,
        release_threshold=manifest.threshold,
    )


def _time_fetching(fetched: Iterator[FetchedIonImage], stage: Stage) -> Iterator[FetchedIonImage]:
    """The same images; the time until each of them arrives is work of the stage."""
    while True:
        with stage.working():
            one = next(fetched, None)
        if one is None:
            return
        yield one


def _prepare(fetched: FetchedIonImage, channels: Sequence[Channel], progress: _Progress) -> _Prepared:
    annotation_id, ion_image = fetched.annotation_id, fetched.ion_image
    progress.read += 1
    if ion_image is None:
        row = ResultRow(annotation_id=annotation_id, status="unreadable", reason=fetched.reason)
        return _Prepared(annotation_id, row=row)
    with progress.stages.preprocess.working():
        extent = measure_extent(ion_image)
        missing = describe_missing_signal(ion_image)
        if missing is not None:
            row = ResultRow(annotation_id=annotation_id, status="no_signal", reason=missing)
            return _Prepared(annotation_id, ion_image.shape, row=row, extent=extent)
        network_input = preprocess([ion_image], channels)[0]
    return _Prepared(annotation_id, ion_image.shape, network_input, extent=extent)


def _record_finished(batches: Iterator[list[_Prepared]], progress: _Progress) -> Iterator[InputBatch]:
    """Keep the rows of images that need no prediction, and pass on the inputs of the others."""
    for batch in batches:
        for one in batch:
            if one.shape is not None:
                progress.shapes[one.annotation_id] = one.shape
            if one.extent is not None:
                progress.extents[one.annotation_id] = one.extent
            if one.row is not None:
                progress.rows[one.annotation_id] = one.row
        waiting = [(one.annotation_id, one.network_input) for one in batch if one.network_input is not None]
        inputs = [network_input for _, network_input in waiting]
        yield [annotation_id for annotation_id, _ in waiting], np.stack(inputs) if inputs else _NO_INPUTS


def _predict(batches: Iterator[InputBatch], predictor: Predictor, progress: _Progress) -> Iterator[PredictedBatch]:
    """Predict batch by batch."""
    for annotation_ids, inputs in batches:
        if annotation_ids:
            with progress.stages.predict.working():
                prediction = predictor.predict(inputs)
            yield annotation_ids, prediction


def _record_predicted(batch: PredictedBatch, labelling: _Labelling, progress: _Progress) -> None:
    """Turn one batch into rows."""
    annotation_ids, prediction = batch
    progress.batches.append(len(annotation_ids))
    found = zip(annotation_ids, prediction.off_sample_probability, prediction.member_spread, strict=True)
    for annotation_id, probability, spread in found:
        progress.rows[annotation_id] = labelling.make_row(annotation_id, float(probability), float(spread))


def _reject_mismatched_shapes(progress: _Progress) -> None:
    """Make images `unreadable` that do not have the shape of this dataset."""
    frequencies = Counter(progress.shapes.values())
    if len(frequencies) < 2:
        return
    (height, width), _ = frequencies.most_common(1)[0]
    for annotation_id, shape in progress.shapes.items():
        if shape != (height, width):
            progress.rows[annotation_id] = ResultRow(
                annotation_id=annotation_id,
                status="unreadable",
                reason=f"expected {height} x {width} px, the shape of this dataset, got {shape[0]} x {shape[1]} px",
            )
