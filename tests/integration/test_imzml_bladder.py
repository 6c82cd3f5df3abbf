"""The mouse bladder gets the same labels as an imzML file and as arrays."""

from pathlib import Path

import numpy as np
import pytest
from imzml_making import Spectrum, write_imzml

from model_store.predictors.predictor import Predictor
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import Classification, classify
from worker.messages.event import Annotation, ArrayIonImages, ImzmlIonImages
from worker.sources.opening import SourceAccess, open_source

BLADDER = Path(__file__).parents[2] / "training" / "data" / "mouse_bladder" / "ion_images.npz"


def write_both(folder: Path) -> tuple[Path, Path]:
    """Write every second pixel of every second row as an array, and as spectra of the ions with signal there."""
    with np.load(BLADDER) as stored:
        images, mz, acquired = stored["images"][:, ::2, ::2], stored["mz"], stored["acquired"][::2, ::2]
    order = np.argsort(mz)
    images, mz = images[order], mz[order].astype(np.float64)
    array = folder / "bladder.npz"
    np.savez(array, images=images, mz=mz, acquired=acquired)
    spectra: list[Spectrum] = []
    for y, x in np.argwhere(acquired):
        intensities = images[:, y, x]
        found = np.flatnonzero(intensities) if intensities.any() else np.arange(1)
        spectra.append((mz[found], intensities[found], (int(x) + 1, int(y) + 1)))
    return array, write_imzml(folder / "bladder.imzML", spectra)


def test_an_imzml_file_gets_the_probabilities_of_the_same_images_as_arrays(
    tmp_path: Path, predictor: Predictor
) -> None:
    array, imzml = write_both(tmp_path)
    access = SourceAccess(AllowedRoots((tmp_path,)), Limits())
    annotations = open_source(ArrayIonImages(kind="array", uri=str(array)), access).annotations()
    annotations = [Annotation(annotation_id=one.annotation_id, mz=one.mz) for one in annotations]
    assert len(annotations) == 79

    def run(source_kind: ArrayIonImages | ImzmlIonImages) -> Classification:
        return classify(open_source(source_kind, access), annotations, predictor)

    of_arrays = run(ArrayIonImages(kind="array", uri=str(array)))
    of_imzml = run(ImzmlIonImages(kind="imzml", uri=str(imzml)))

    assert of_imzml.counts == of_arrays.counts
    assert of_imzml.counts.classified == 79
    assert of_imzml.shapes == of_arrays.shapes
    for one, other in zip(of_imzml.rows, of_arrays.rows, strict=True):
        assert one.annotation_id == other.annotation_id
        assert one.off_sample_probability == pytest.approx(other.off_sample_probability, abs=1e-5)
