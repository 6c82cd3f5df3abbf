"""An imzML file with its .ibd file: ion images are summed from the spectra."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from shared.errors import InvalidAnnotationsError, InvalidIonImageError, NotFoundError
from shared.imzml.dataset import open_imzml
from shared.imzml.work_watch import WorkWatch
from shared.ion_image import make_ion_image
from shared.ion_mz import compute_mz, require_mz
from shared.limits import Limits
from shared.messages.event import Annotation, ImzmlIonImages
from worker.files import AllowedRoots, os_errors_translated
from worker.sources.source import FetchedIonImage

_IBD_SUFFIX = ".ibd"


class ImzmlFile:
    """Reads all ions from one pass over the spectra, then gives image after image."""

    def __init__(
        self, path: Path, location: ImzmlIonImages, roots: AllowedRoots, limits: Limits, watch: WorkWatch
    ) -> None:
        with os_errors_translated(path):
            ibd_path = roots.resolve(str(find_ibd(path)))
            self._dataset = open_imzml(path, ibd_path, limits, location.z, watch)
        self._location = location
        self._watch = watch

    @property
    def notes(self) -> tuple[str, ...]:
        """What was believed where the two files contradict themselves."""
        return self._dataset.notes

    def annotations(self) -> list[Annotation]:
        """The most intense peaks of the mean spectrum, by m/z; the annotation id is made of it."""
        with os_errors_translated(self._dataset.ibd_path):
            peaks = self._dataset.pick_peaks(self._location.ppm, self._location.most_peaks, self._watch)
        names = [f"mz_{mz:.4f}" for mz in peaks.mz]
        if len(set(names)) < len(names):
            names = [f"mz_{mz:.7f}" for mz in peaks.mz]
        return [Annotation(annotation_id=name, mz=float(mz)) for name, mz in zip(names, peaks.mz, strict=True)]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield those without an m/z first, then the others in order."""
        known: list[tuple[str, float]] = []
        for annotation in annotations:
            try:
                known.append((annotation.annotation_id, find_mz(annotation)))
            except InvalidAnnotationsError as error:
                yield FetchedIonImage(annotation.annotation_id, reason=str(error))
        if not known:
            return
        mz = np.array([mz for _, mz in known])
        mask = self._dataset.grid.acquisition_mask
        with os_errors_translated(self._dataset.ibd_path):
            for number, intensities in self._dataset.extract(mz, self._location.ppm, self._watch):
                annotation_id, _ = known[number]
                try:
                    yield FetchedIonImage(annotation_id, make_ion_image(intensities, mask))
                except InvalidIonImageError as error:
                    yield FetchedIonImage(annotation_id, reason=str(error))


def find_ibd(imzml_path: Path) -> Path:
    """The .ibd file beside an .imzML file: of the same name, its ending in any case.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    usual = imzml_path.with_suffix(_IBD_SUFFIX)
    if usual.exists():
        return usual
    for entry in sorted(imzml_path.parent.iterdir()):
        if entry.stem == imzml_path.stem and entry.suffix.lower() == _IBD_SUFFIX:
            return entry
    raise NotFoundError(
        f"{usual.name!r} is missing beside {imzml_path.name!r}; right would be both files in one folder"
    )


def find_mz(annotation: Annotation) -> float:
    """The m/z of an annotation: as given, else of its formula with its adduct and charge.

    Raises
    ------
    InvalidAnnotationsError
        When neither is given or can be understood.
    """
    if annotation.mz is not None:
        return require_mz(annotation.mz)
    if annotation.formula is None:
        raise InvalidAnnotationsError("annotation has neither mz nor formula; expected mz, or formula and adduct")
    return compute_mz(annotation.formula, annotation.adduct, annotation.charge)
