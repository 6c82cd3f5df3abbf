"""An imzML file as a source of ion images: allowed locations, annotations and notes."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imzml_damaging import rename, renumber, rewrite
from imzml_making import REAL_IMZML, make_spectra, write_imzml

from model_store.predictors.predictor import Predictor
from shared.errors import ForbiddenUriError, InvalidAnnotationsError, InvalidIonImageError, NotFoundError
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import classify
from worker.events.annotations import list_annotations
from worker.messages.event import Annotation, DatasetAnnotated, ImzmlIonImages
from worker.sources.opening import SourceAccess, open_source
from worker.sources.source import FetchedIonImage, IonImageSource


@pytest.fixture
def access(tmp_path: Path) -> SourceAccess:
    return SourceAccess(AllowedRoots((tmp_path / "root",)), Limits())


@pytest.fixture
def imzml(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return write_imzml(tmp_path / "root" / "a.imzML", make_spectra(6, 7))


def open_imzml_source(path: Path, access: SourceAccess, **options: Any) -> IonImageSource:
    return open_source(ImzmlIonImages(kind="imzml", uri=str(path), **options), access)


def fetch(source: IonImageSource, *annotations: Annotation) -> dict[str, FetchedIonImage]:
    fetched = list(source.fetch(annotations))
    assert len(fetched) == len(annotations)
    return {one.annotation_id: one for one in fetched}


def test_an_annotation_is_found_by_mz_or_by_formula_and_adduct(tmp_path: Path, access: SourceAccess) -> None:
    (tmp_path / "root").mkdir()
    spectra = [([181.0707, 203.0526], [x, 10 * x], (x, 1)) for x in (1, 2)]
    path = write_imzml(tmp_path / "root" / "glucose.imzML", spectra)
    found = fetch(
        open_imzml_source(path, access),
        Annotation(annotation_id="by mz", mz=203.0526),
        Annotation(annotation_id="by formula", formula="C6H12O6", adduct="+H"),
        Annotation(annotation_id="by charge", formula="C6H13O6", charge=1),
    )
    images = {name: one.ion_image.intensities.tolist() for name, one in found.items() if one.ion_image is not None}
    assert images == {"by mz": [[10, 20]], "by formula": [[1, 2]], "by charge": [[1, 2]]}


def test_an_invalid_annotation_is_an_unreadable_row_and_the_others_are_read(imzml: Path, access: SourceAccess) -> None:
    found = fetch(
        open_imzml_source(imzml, access, ppm=1000),
        Annotation(annotation_id="nothing"),
        Annotation(annotation_id="wrong formula", formula="Hello", adduct="+H"),
        Annotation(annotation_id="wrong adduct", formula="C6H12O6", adduct="H"),
        Annotation(annotation_id="valid", mz=150.0),
    )
    assert "formula" in (found["nothing"].reason or "")
    assert "Hello" in (found["wrong formula"].reason or "")
    assert "adduct 'H'" in (found["wrong adduct"].reason or "")
    assert found["valid"].ion_image is not None


def test_an_ion_of_only_nan_or_negative_sums_is_an_unreadable_row(tmp_path: Path, access: SourceAccess) -> None:
    (tmp_path / "root").mkdir()
    spectra = [([100.0, 150.0, 180.0], [np.nan, -5, x], (x, 1)) for x in (1, 2)]
    found = fetch(
        open_imzml_source(write_imzml(tmp_path / "root" / "a.imzML", spectra), access),
        *(Annotation(annotation_id=str(mz), mz=mz) for mz in (100.0, 150.0, 180.0)),
    )
    assert "NaN" in (found["100.0"].reason or "")
    assert "negative" in (found["150.0"].reason or "")
    assert found["180.0"].ion_image is not None


@pytest.mark.parametrize("suffix", [".ibd", ".IBD", ".Ibd"])
def test_the_suffix_of_the_ibd_may_be_in_any_case(imzml: Path, access: SourceAccess, suffix: str) -> None:
    imzml.with_suffix(".ibd").rename(imzml.with_suffix(suffix))
    assert open_imzml_source(imzml, access).annotations()


@pytest.mark.parametrize("name", ["A.ibd", "A.IBD", "a.Ibd"])
def test_the_name_of_the_ibd_may_differ_in_case(imzml: Path, access: SourceAccess, name: str) -> None:
    imzml.with_suffix(".ibd").rename(imzml.with_name(name))
    assert open_imzml_source(imzml, access).annotations()


def test_the_name_of_the_ibd_may_have_accents_in_another_unicode_form(imzml: Path, access: SourceAccess) -> None:
    """As macOS stores names."""
    composed, decomposed = "ger\u00e4t", "gera\u0308t"
    renamed = imzml.rename(imzml.with_name(f"{composed}.imzML"))
    imzml.with_suffix(".ibd").rename(imzml.with_name(f"{decomposed}.ibd"))
    assert open_imzml_source(renamed, access).annotations()


def test_only_an_ibd_of_the_same_name_is_taken_when_there_are_several(imzml: Path, access: SourceAccess) -> None:
    ibd = imzml.with_suffix(".ibd").rename(imzml.with_name("a.IBD"))
    other = imzml.with_name("A.ibd")
    other.write_bytes(b"?")
    assert open_imzml_source(imzml, access).annotations()
    ibd.rename(imzml.with_name("A.IBD"))
    with pytest.raises(NotFoundError, match=r"'A\.IBD'"):
        open_imzml_source(imzml, access)


def test_an_ion_with_a_few_negative_or_missing_pixels_is_kept(tmp_path: Path, access: SourceAccess) -> None:
    (tmp_path / "root").mkdir()
    spectra = [([100.0, 150.0], [x * y, x + y], (x, y)) for x in range(1, 11) for y in range(1, 11)]
    spectra[33] = ([100.0, 150.0], [-0.5, np.nan], spectra[33][2])
    found = fetch(
        open_imzml_source(write_imzml(tmp_path / "root" / "a.imzML", spectra), access),
        Annotation(annotation_id="negative", mz=100.0),
        Annotation(annotation_id="missing", mz=150.0),
    )
    negative, missing = found["negative"].ion_image, found["missing"].ion_image
    assert negative is not None
    assert missing is not None
    assert negative.intensities[3, 3] == 0
    assert negative.acquisition_mask.all()
    assert np.argwhere(~missing.acquisition_mask).tolist() == [[3, 3]]


def test_a_matrix_adduct_is_a_molecule_and_an_ambiguous_adduct_an_unreadable_row(
    tmp_path: Path, access: SourceAccess
) -> None:
    (tmp_path / "root").mkdir()
    as_elements, as_molecule = 195.1020, 335.0973
    spectra = [([as_elements, as_molecule], [x, 10 * x], (x, 1)) for x in (1, 2)]
    found = fetch(
        open_imzml_source(write_imzml(tmp_path / "root" / "a.imzML", spectra), access),
        Annotation(annotation_id="dhb", formula="C6H12O6", adduct="[M+DHB+H]+"),
        Annotation(annotation_id="acetate", formula="C6H12O6", adduct="[M+Ac-H]-"),
    )
    assert found["dhb"].ion_image is not None
    assert found["dhb"].ion_image.intensities.tolist() == [[10, 20]]
    assert "Ac" in (found["acetate"].reason or "")


def test_resolved_contradictions_are_notes_of_the_source(imzml: Path, access: SourceAccess) -> None:
    assert open_imzml_source(imzml, access).notes == ()
    rewrite(imzml, renumber("64-bit float", "MS:1000521"))
    source = open_imzml_source(imzml, access)
    assert any("64-bit float" in note for note in source.notes)
    rewrite(imzml, rename("MS:1000127", "profile spectrum"))
    source = open_imzml_source(imzml, access)
    source.annotations()
    assert any("centroids" in note for note in source.notes)


def test_a_missing_ibd_is_named_in_the_error(imzml: Path, access: SourceAccess) -> None:
    imzml.with_suffix(".ibd").unlink()
    with pytest.raises(NotFoundError, match=r"a\.ibd"):
        open_imzml_source(imzml, access)


def test_both_files_must_be_below_the_roots(imzml: Path, access: SourceAccess, tmp_path: Path) -> None:
    outside = tmp_path / "outside.imzML"
    shutil.copy(imzml, outside)
    with pytest.raises(ForbiddenUriError):
        open_imzml_source(outside, access)
    ibd = imzml.with_suffix(".ibd")
    ibd.rename(tmp_path / "outside.ibd")
    ibd.symlink_to(tmp_path / "outside.ibd")
    with pytest.raises(ForbiddenUriError):
        open_imzml_source(imzml, access)


def test_an_empty_list_of_annotations_is_a_clear_error(imzml: Path, access: SourceAccess) -> None:
    (imzml.parent / "empty.csv").write_text("annotation_id,mz\n")
    location = ImzmlIonImages(kind="imzml", uri=str(imzml))
    source = open_source(location, access)
    for ions in ({"annotations": []}, {"annotations_uri": str(imzml.parent / "empty.csv")}):
        data = DatasetAnnotated.model_validate({"dataset_id": "a", "ion_images": location, **ions})
        with pytest.raises(InvalidAnnotationsError, match="empty"):
            list_annotations(data, source, access)


def test_without_annotations_the_picked_peaks_are_the_ions(imzml: Path, access: SourceAccess) -> None:
    found = open_imzml_source(imzml, access, most_peaks=5).annotations()
    assert len(found) == 5
    assert [one.annotation_id for one in found] == [f"mz_{one.mz:.4f}" for one in found]
    assert [one.mz for one in found] == sorted(one.mz or 0 for one in found)


def test_truncating_the_ibd_of_an_open_source_is_a_clear_error(imzml: Path, access: SourceAccess) -> None:
    source = open_imzml_source(imzml, access)
    ibd = imzml.with_suffix(".ibd")
    ibd.write_bytes(ibd.read_bytes()[:500])
    with pytest.raises(InvalidIonImageError, match="truncated"):
        list(source.fetch([Annotation(annotation_id="a", mz=150.0)]))


def test_the_real_file_is_classified(predictor: Predictor) -> None:
    source = open_imzml_source(REAL_IMZML, SourceAccess(AllowedRoots((REAL_IMZML.parent,)), Limits()), most_peaks=20)
    found = classify(source, source.annotations(), predictor)
    assert found.counts.classified == 20
    assert set(found.shapes) == {(24, 40)}
