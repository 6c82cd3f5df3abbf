"""Locations of ion images, and fetching from their sources."""

from pathlib import Path

from shared.ion_image import IonImage
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.messages.event import (
    Annotation,
    ArrayIonImages,
    ImzmlIonImages,
    PngIonImages,
)
from worker.sources.opening import SourceAccess, open_source
from worker.sources.source import IonImageSource


def png(uri: Path | str) -> PngIonImages:
    return PngIonImages(kind="png", uri=str(uri))


def array(uri: Path | str) -> ArrayIonImages:
    return ArrayIonImages(kind="array", uri=str(uri))


def imzml(uri: str) -> ImzmlIonImages:
    return ImzmlIonImages(kind="imzml", uri=uri)


def open_any(path: Path) -> IonImageSource:
    """A folder of PNGs, or an array file."""
    return open_source(png(path) if path.is_dir() else array(path), SourceAccess(AllowedRoots((path,)), Limits()))


def annotate(*ids: str, **fields: str | int) -> list[Annotation]:
    return [Annotation(annotation_id=one, **fields) for one in ids]


def fetch(source: IonImageSource, annotations: list[Annotation]) -> dict[str, IonImage | str]:
    """Annotation id -> ion image, or the reason why it has none; exactly one for each annotation."""
    fetched = list(source.fetch(annotations))
    assert sorted(one.annotation_id for one in fetched) == sorted(one.annotation_id for one in annotations)
    found = {one.annotation_id: one.ion_image or one.reason for one in fetched}
    assert None not in found.values()
    return found  # type: ignore[return-value]
