"""An imzML file with its .ibd file; ion images are summed from its spectra."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from shared.errors import InvalidAnnotationsError, InvalidIonImageError, NotFoundError
from shared.files.closable import Closable
from shared.files.foreign_file import OpenedFile
from shared.imzml.dataset import ImzmlDataset, open_imzml
from shared.ion_image import make_ion_image
from shared.ions.ion_mz import compute_mz, require_mz
from shared.limits import Limits
from shared.progress import ProgressCallback
from worker.access.allowed_roots import AllowedRoots, os_errors_translated
from worker.messages.event import Annotation, ImzmlIonImages
from worker.sources.pixel_notes import PixelNotes
from worker.sources.source import FetchedIonImage

_IBD_SUFFIX = ".ibd"


class ImzmlFile(Closable):
    """Extracts all ion images in one pass over the spectra, then yields them."""

    def __init__(self, location: ImzmlIonImages, roots: AllowedRoots, limits: Limits, watch: ProgressCallback) -> None:
        """Open both files and read the index; raises as `AllowedRoots.open` and `open_imzml`."""
        with ExitStack() as stack:
            imzml = stack.enter_context(roots.open_file(location.uri))
            self._ibd = stack.enter_context(_open_ibd(imzml, roots))
            with os_errors_translated(imzml.path):
                self._dataset = open_imzml(imzml, self._ibd, limits, location.z, watch)
            imzml.close()
            stack.pop_all()
        self._location = location
        self._peak_notes: tuple[str, ...] = ()
        self._pixel_notes = PixelNotes()
        self._watch = watch

    @property
    def dataset(self) -> ImzmlDataset:
        """The opened measurement, to be used while this is open."""
        return self._dataset

    @property
    def notes(self) -> tuple[str, ...]:
        """How contradictions between the two files were resolved, and how many images had bad pixels."""
        return self._dataset.notes + self._peak_notes + self._pixel_notes.sentences

    def annotations(self) -> list[Annotation]:
        """The most intense peaks of the mean spectrum, by m/z; the annotation id contains it."""
        with os_errors_translated(self._ibd.path):
            peaks = self._dataset.pick_peaks(self._location.ppm, self._location.most_peaks, self._watch)
        self._peak_notes = () if peaks.note is None else (peaks.note,)
        names = [f"mz_{mz:.4f}" for mz in peaks.mz]
        if len(set(names)) < len(names):
            names = [f"mz_{mz:.7f}" for mz in peaks.mz]
        return [Annotation(annotation_id=name, mz=float(mz)) for name, mz in zip(names, peaks.mz, strict=True)]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield annotations without a valid m/z first, then the others in order."""
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
        with os_errors_translated(self._ibd.path):
            for number, intensities in self._dataset.extract(mz, self._location.ppm, self._watch):
                annotation_id, _ = known[number]
                try:
                    ion_image = self._pixel_notes.add(annotation_id, make_ion_image(intensities, mask))
                    yield FetchedIonImage(annotation_id, ion_image)
                except InvalidIonImageError as error:
                    yield FetchedIonImage(annotation_id, reason=str(error))

    def close(self) -> None:
        """Close the .ibd file."""
        self._ibd.close()


def _open_ibd(imzml: OpenedFile, roots: AllowedRoots) -> OpenedFile:
    """Open the .ibd file in the folder of an .imzML file."""
    with roots.open_folder(str(imzml.path.parent)) as folder:
        with os_errors_translated(folder.path):
            names = folder.list_names()
        return roots.open_within(folder, find_ibd(imzml.name, names))


def find_ibd(imzml_name: str, names: Sequence[str]) -> str:
    """The name of the .ibd file that belongs to an .imzML file, found without regard to case.

    Raises
    ------
    NotFoundError
        When there is none, or several match and none has exactly the stem of the imzML.
    """
    usual = Path(imzml_name).with_suffix(_IBD_SUFFIX).name
    if usual in names:
        return usual
    wanted = _fold(usual)
    alike = [name for name in sorted(names) if _fold(name) == wanted]
    found = [name for name in alike if Path(name).stem == Path(imzml_name).stem] or alike
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(f"expected one .ibd file next to {imzml_name!r}, got {found[0]!r} and {found[1]!r}")
    raise NotFoundError(f"expected {usual!r} in the folder of {imzml_name!r}, found no such file")


def _fold(name: str) -> str:
    """A file name case-folded and with composed accents; macOS decomposes them."""
    return unicodedata.normalize("NFC", name).casefold()


def find_mz(annotation: Annotation) -> float:
    """The m/z of an annotation: as given, or computed from its formula, adduct and charge.

    Raises
    ------
    InvalidAnnotationsError
        When neither is given or valid.
    """
    if annotation.mz is not None:
        return require_mz(annotation.mz)
    if annotation.formula is None:
        raise InvalidAnnotationsError("annotation has neither mz nor formula; expected mz, or formula and adduct")
    return compute_mz(annotation.formula, annotation.adduct, annotation.charge)


def known_mz(annotation: Annotation) -> float | None:
    """The m/z of an annotation, None where `find_mz` finds none."""
    try:
        return find_mz(annotation)
    except InvalidAnnotationsError:
        return None
