"""Label files of all three formats are matched to ion images; invalid ones are refused."""

from pathlib import Path

import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.acquisitions.ion_labels import LabelSource, match_labels, read_ion_labels
from training.acquisitions.reading import read_acquisition

IDS = ("C5H13NO+H+", "C16H22O4+K", "mz_301")
MZ = np.array([104.1070, 317.1150, 301.2170])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_metaspace_labels_ions_by_name_by_formula_and_by_mz(tmp_path: Path) -> None:
    found = read_ion_labels(
        write(
            tmp_path / "metaspace_annotations.csv",
            "# Generated at 11/25/2026\n# URL: example\n"
            "group,datasetName,datasetId,formula,adduct,ion,mz,msm,fdr,offSample\n"
            "lab,brain,brain-id,C5H13NO,+H,C5H13NO+H+,104.107,0.9,0.05,true\n"
            "lab,brain,brain-id,C16H22O4,+K,C16H22O4+K+,317.115,0.9,0.05,False\n"
            "lab,brain,brain-id,C20H30O2,+H,C20H30O2+H+,301.2171,0.9,0.05,false\n"
            "lab,brain,brain-id,C1H1,+H,C1H1+H+,14.1,0.9,0.05,true\n"
            "lab,brain,brain-id,C9H9,+H,C9H9+H+,317.115,0.9,0.05,\n",
        )
    )
    assert found.source is LabelSource.METASPACE
    assert match_labels(found, IDS, MZ, "it") == ["off", "on", "on"]
    assert match_labels(found, IDS, None, "it") == ["off", "on", None]


def test_a_table_from_the_python_client_is_read(tmp_path: Path) -> None:
    text = "formula,adduct,ionFormula,ion,mz,msm,offSample\nC5H13NO,+H,C5H14NO,C5H13NO+H+,104.107,0.9,True\n"
    assert match_labels(read_ion_labels(write(tmp_path / "results.csv", text)), IDS, MZ, "it") == ["off", None, None]


def test_ionmorphnet_shapes_become_labels_by_mz(tmp_path: Path) -> None:
    found = read_ion_labels(
        write(
            tmp_path / "2016-10-01_12h21m40s.csv",
            "filename,mz,min_fdr,databases,label\n"
            '2016-10-01_12h21m40s.imzML,104.1071,0.05,"ChEBI 2016,HMDB v4",negative\n'
            "2016-10-01_12h21m40s.imzML,317.1151,0.05,HMDB v4,weak_structured\n"
            "2016-10-01_12h21m40s.imzML,301.2170,1.0,,unstructured\n",
        )
    )
    assert found.source is LabelSource.IONMORPHNET
    assert {label.dataset for label in found.labels} == {"2016-10-01_12h21m40s"}
    assert match_labels(found, IDS, MZ, "it", "2016-10-01_12h21m40s") == ["off", "on", "unclear"]
    with pytest.raises(InvalidInputError, match="ion images"):
        match_labels(found, IDS, MZ, "it", "another dataset")


def test_contradictory_labels_of_a_network_are_unclear_and_those_of_a_person_are_refused(tmp_path: Path) -> None:
    metaspace = "formula,adduct,ion,mz,offSample\nC,+H,C5H13NO+H+,104.1,true\nC,+H,C5H13NO+H+,104.1,false\n"
    assert match_labels(read_ion_labels(write(tmp_path / "m.csv", metaspace)), IDS, MZ, "it")[0] == "unclear"
    own = "annotation_id,label\nmz_301,on\nmz_301,off\n"
    with pytest.raises(InvalidInputError, match="label"):
        match_labels(read_ion_labels(write(tmp_path / "own.csv", own)), IDS, MZ, "it")


@pytest.mark.parametrize("row", ["x.imzML,100.5,0.05,HMDB,striped", "x.imzML,none,0.05,HMDB,negative"])
def test_an_unknown_shape_or_no_mz_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(InvalidInputError, match="line 2"):
        read_ion_labels(write(tmp_path / "x.csv", f"filename,mz,min_fdr,databases,label\n{row}\n"))


def test_labels_can_be_given_as_a_file_or_as_a_folder_of_files_by_name(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((2, 4, 5)).astype(np.float32)
    (tmp_path / "brain").mkdir()
    np.savez(tmp_path / "brain" / "ion_images.npz", images=images, mz=MZ[:2], annotation_ids=["a", "b"])
    (tmp_path / "csv").mkdir()
    text = "filename,mz,min_fdr,databases,label\nbrain.imzML,104.107,0.05,,negative\n"
    file = write(tmp_path / "csv" / "brain.csv", text)
    for labels in (file, file.parent):
        found = read_acquisition(tmp_path / "brain", labels=labels)
        assert (found.labels, found.off_sample_area) == (("off", None), "present")
        assert "IonMorphNet" in found.labelled_by


def test_off_labels_of_a_network_do_not_prove_that_background_was_measured(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((1, 4, 5)).astype(np.float32)
    np.savez(tmp_path / "ion_images.npz", images=images, annotation_ids=["C5H13NO+H+"])
    write(tmp_path / "labels.csv", "formula,adduct,ion,mz,offSample\nC5H13NO,+H,C5H13NO+H+,104.1,true\n")
    found = read_acquisition(tmp_path)
    assert (found.labels, found.off_sample_area) == (("off",), "unknown")
