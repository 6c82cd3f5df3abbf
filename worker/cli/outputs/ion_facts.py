"""Finds what is known about each ion besides its prediction."""

from collections.abc import Mapping, Sequence

from worker.classification.assessment import ImageExtent
from worker.cli.outputs.row_format import IonFacts
from worker.messages.event import Annotation
from worker.sources.imzml_file import known_mz


def find_ion_facts(annotations: Sequence[Annotation], extents: Mapping[str, ImageExtent]) -> Mapping[str, IonFacts]:
    """Facts by annotation id."""
    return {one.annotation_id: _find(one, extents.get(one.annotation_id)) for one in annotations}


def _find(annotation: Annotation, extent: ImageExtent | None) -> IonFacts:
    named = known_mz(annotation), annotation.formula, annotation.adduct
    if extent is None:
        return IonFacts(*named)
    return IonFacts(*named, extent.total, extent.maximum, extent.signal_share)
