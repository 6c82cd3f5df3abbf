"""A dataset to classify: where its ion images are read from, as often as they are needed."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from shared.arrays.array_in_memory import ArrayInMemory
from shared.progress import ProgressCallback
from worker.access.allowed_roots import os_errors_translated
from worker.cli.inputs.access import make_access
from worker.cli.inputs.local import LocalDataset
from worker.events.annotation_list import AnnotationList
from worker.events.annotations import list_annotations
from worker.report.page_data import describe_location
from worker.settings import Settings
from worker.sources.array_file import ArrayFile
from worker.sources.opening import open_source
from worker.sources.source import IonImageSource


@dataclass(frozen=True, eq=False)
class Dataset:
    """Ion images on disk, in a store or in memory."""

    dataset_id: str
    open: Callable[[ProgressCallback], IonImageSource]
    """Open the source of its ion images, which the caller closes."""
    list_annotations: Callable[[IonImageSource], AnnotationList]
    """Its ions, from an open source of it."""
    loose: bool = False
    """Whether it is a single image without a dataset."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Where it came from, by names for people."""
    anndata: Path | None = None
    """Its file, if that is AnnData on this machine."""


def describe_local(local: LocalDataset, settings: Settings) -> Dataset:
    """A dataset that a person named by a path, a URI or a METASPACE id."""
    data = local.data

    def open_it(watch: ProgressCallback) -> IonImageSource:
        with os_errors_translated(Path(data.dataset_id)):  # such as a folder that is gone by now
            return open_source(data.ion_images, make_access(local, settings, watch))

    def list_them(source: IonImageSource) -> AnnotationList:
        return list_annotations(data, source, make_access(local, settings, lambda *_: None))

    return Dataset(data.dataset_id, open_it, list_them, local.loose, describe_location(data), local.anndata)


def describe_array(array: ArrayInMemory, dataset_id: str) -> Dataset:
    """A dataset that is in memory already."""

    def open_it(_: ProgressCallback) -> IonImageSource:
        return ArrayFile(array, ExitStack())

    return Dataset(
        dataset_id, open_it, lambda source: AnnotationList(source.annotations()), provenance={"Read from": "memory"}
    )
