"""Labelled data is read from every layout, and unusable images are listed with a reason."""

import json
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import zarr
from hostile_h5ad import make_h5ad
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from shared.preprocessing import preprocess
from training.acquisitions.labelled_inputs import load_labelled_inputs
from training.labelled.family import name_family
from training.labelled.gold_standard_like import encode_8_bit
from training.labelled.labelled_set import LabelledSet
from worker.cli.demo import DEMO_DATASET

RNG = np.random.default_rng(7)
PIXELS = [RNG.integers(1, 255, (9, 7), dtype=np.uint8) for _ in range(8)]


def write_png(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(pixels))


def with_channels(grey: np.ndarray, channels: int) -> np.ndarray:
    """L, LA, RGB or RGBA of one grey image."""
    alpha = np.full_like(grey, 255)
    planes = {1: [grey], 2: [grey, alpha], 3: [grey] * 3, 4: [grey] * 3 + [alpha]}[channels]
    return np.stack(planes, axis=-1) if channels > 1 else grey


def labels_of(labelled_set: LabelledSet) -> dict[str, str]:
    return {
        f"{dataset}/{annotation_id}": "off" if off else "on"
        for dataset, annotation_id, off in zip(
            labelled_set.datasets, labelled_set.annotation_ids, labelled_set.off, strict=True
        )
    }


def reasons_of(labelled_set: LabelledSet) -> dict[str, str]:
    return {f"{entry.dataset}/{entry.annotation_id}": str(entry.reason) for entry in labelled_set.left_out}


@pytest.mark.parametrize("inner", ["", "raw_images", "GS", "GS/raw_images"])
def test_the_gold_standard_layout_is_found_at_every_depth_and_under_both_pairs_of_names(
    tmp_path: Path, inner: str
) -> None:
    """Off-sample is the positive class, so `pos` is off and `neg` is on."""
    root = tmp_path / inner
    for number, name in enumerate(("one/on/A+H", "one/off/B+K", "two/neg/A+H", "two/pos/C+Na")):
        write_png(root / f"{name}.png", PIXELS[number])
    assert labels_of(load_labelled_inputs([tmp_path])) == {
        "one/A+H": "on",
        "one/B+K": "off",
        "two/A+H": "on",
        "two/C+Na": "off",
    }


def test_grey_images_give_the_same_input_with_any_number_of_channels(tmp_path: Path) -> None:
    for channels in (1, 2, 3, 4):
        write_png(tmp_path / f"dataset_{channels}" / "on" / "ion.png", with_channels(PIXELS[0], channels))
    inputs = load_labelled_inputs([tmp_path]).inputs
    for other in inputs[1:]:
        np.testing.assert_array_equal(other, inputs[0])


def test_unusable_images_are_left_out_and_listed_with_a_reason(tmp_path: Path) -> None:
    write_png(tmp_path / "d" / "on" / "good.png", PIXELS[0])
    write_png(tmp_path / "d" / "on" / "same.png", with_channels(PIXELS[0], 4))  # the pixels of good.png
    write_png(tmp_path / "d" / "on" / "both.png", PIXELS[1])
    write_png(tmp_path / "d" / "off" / "both.png", PIXELS[2])
    write_png(tmp_path / "d" / "on" / "picture_on.png", PIXELS[3])
    write_png(tmp_path / "d" / "off" / "picture_off.png", PIXELS[3])
    write_png(tmp_path / "d" / "off" / "empty.png", np.zeros((9, 7), np.uint8))
    write_png(tmp_path / "d" / "unclear" / "perhaps.png", PIXELS[4])
    write_png(tmp_path / "d" / "misc" / "what.png", PIXELS[5])
    (tmp_path / "d" / "off" / "broken.png").write_bytes(encode_png(make_ion_image(PIXELS[6]))[:40])
    (tmp_path / "d" / "off" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "d" / "off" / ".DS_Store").write_text("x", encoding="utf-8")
    labelled_set = load_labelled_inputs([tmp_path])
    assert labels_of(labelled_set) == {"d/good": "on"}
    assert reasons_of(labelled_set) == {
        "d/same": "duplicate",
        "d/both": "conflicting",
        "d/picture_on": "conflicting",
        "d/picture_off": "conflicting",
        "d/empty": "no signal",
        "d/perhaps": "unclear",
        "d/what": "unlabelled",
        "d/broken": "unreadable",
        "d/notes": "unreadable",
    }
    assert len(labelled_set.left_out) == 10  # `both` twice


def test_the_same_picture_in_two_datasets_is_not_a_duplicate(tmp_path: Path) -> None:
    for dataset, label in (("one", "on"), ("two", "off")):
        write_png(tmp_path / dataset / label / "ion.png", PIXELS[0])
    assert labels_of(load_labelled_inputs([tmp_path])) == {"one/ion": "on", "two/ion": "off"}


def test_an_array_with_labels_is_read_by_index_or_by_id_and_unclear_rows_are_counted(tmp_path: Path) -> None:
    stack = np.stack(PIXELS[:4])
    np.savez(tmp_path / "ion_images.npz", images=stack, acquired=np.ones((9, 7), bool))
    (tmp_path / "labels.csv").write_text("index,mz,label\n3,1.5,off\n0,1.5,on\n1,1.5,unclear\n9,1.5,on\n", "utf-8")
    by_index = load_labelled_inputs([tmp_path])
    assert labels_of(by_index) == {f"{tmp_path.name}/0": "on", f"{tmp_path.name}/3": "off"}
    assert reasons_of(by_index) == {f"{tmp_path.name}/1": "unclear", f"{tmp_path.name}/9": "unreadable"}

    np.savez(tmp_path / "ion_images.npz", images=stack, annotation_ids=np.array(["a", "b", "c", "d"]))
    (tmp_path / "labels.csv").write_text("annotation_id,label\nd,off\na,on\n", "utf-8")
    by_id = load_labelled_inputs([tmp_path])
    assert labels_of(by_id) == {f"{tmp_path.name}/a": "on", f"{tmp_path.name}/d": "off"}
    np.testing.assert_array_equal(by_id.inputs, by_index.inputs)


@pytest.mark.parametrize("name", ["ion_images.h5ad", "labels.h5ad", "ion_images.zarr"])
def test_labels_next_to_any_kind_of_array_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine" / name
    path.parent.mkdir()
    if path.suffix == ".h5ad":
        make_h5ad(path, lambda _: None)
    else:
        zarr.save_array(path, np.stack(PIXELS[:2]))
    (path.parent / "labels.csv").write_text("index,label\n0,on\n1,off\n")
    assert sorted(labels_of(load_labelled_inputs([tmp_path])).values()) == ["off", "on"]


def test_an_index_is_a_row_number_even_where_ids_are_numbers_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "ion_images.npz", images=np.stack(PIXELS[:2]), annotation_ids=np.array(["1", "0"]))
    read = []
    for column in ("index", "annotation_id"):
        (tmp_path / "labels.csv").write_text(f"{column},label\n0,on\n", "utf-8")
        read.append(load_labelled_inputs([tmp_path]).inputs[0])
    expected = preprocess([make_ion_image(pixels) for pixels in PIXELS[:2]])
    np.testing.assert_array_equal(read, expected)


def test_a_label_file_uses_the_folder_or_array_with_its_name(tmp_path: Path) -> None:
    write_png(tmp_path / "slide_1" / "x.png", PIXELS[0])
    (tmp_path / "slide_1.jsonl").write_text(json.dumps({"annotation_id": "x", "label": "off"}) + "\n", "utf-8")
    np.save(tmp_path / "slide_2.npy", np.stack(PIXELS[1:3]))
    (tmp_path / "slide_2.csv").write_text("annotation_id,label\n1,on\n", "utf-8")
    assert labels_of(load_labelled_inputs([tmp_path / "slide_1.jsonl"])) == {"slide_1/x": "off"}
    assert labels_of(load_labelled_inputs([tmp_path / "slide_2.csv"])) == {"slide_2/1": "on"}


def test_a_folder_of_pngs_next_to_its_label_file_is_found() -> None:
    """The layout of the demo data."""
    assert len(load_labelled_inputs([DEMO_DATASET])) == 77


def test_folders_with_a_label_file_each_are_one_dataset_each(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        write_png(tmp_path / name / "ion.png", PIXELS[number])
        (tmp_path / name / "labels.csv").write_text("annotation_id,label\nion,on\n", "utf-8")
    assert load_labelled_inputs([tmp_path]).dataset_names == ["a", "b"]


@pytest.mark.parametrize("served_as", ["ion_images", "bladder"])
def test_one_dataset_id_for_all_folders_does_not_make_them_one_dataset(tmp_path: Path, served_as: str) -> None:
    """`offsample classify` may use the same dataset id for folders that were classified one by one."""
    for number, (name, label) in enumerate((("a", "on"), ("b", "off"))):
        write_png(tmp_path / name / "ion.png", PIXELS[number])
        text = f"annotation_id,status,label,dataset_id\nion,classified,{label},{served_as}\n"
        (tmp_path / name / "labels.csv").write_text(text, "utf-8")
    labelled_set = load_labelled_inputs([tmp_path])
    assert labels_of(labelled_set) == {"a/ion": "on", "b/ion": "off"}
    assert not labelled_set.left_out


def test_a_label_file_can_name_the_dataset_of_each_row(tmp_path: Path) -> None:
    for number in range(3):
        write_png(tmp_path / f"{number}.png", PIXELS[number])
    (tmp_path / "labels.csv").write_text("file,label,dataset_id\n0,on,a\n1,off,b\n2,on,\n", "utf-8")
    assert load_labelled_inputs([tmp_path]).dataset_names == sorted(["a", "b", tmp_path.name])
    (tmp_path / "labels.csv").write_text("file,label,dataset,dataset_id\n0,on,x,a\n1,off,x,b\n", "utf-8")
    assert load_labelled_inputs([tmp_path]).dataset_names == ["x"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_labels_can_come_from_a_spreadsheet(tmp_path: Path, encoding: str) -> None:
    for number, name in enumerate("abc"):
        write_png(tmp_path / f"{name}.png", PIXELS[number])
    text = "annotation_id;off_sample_probability;label\r\na;0,9;off\r\nb;0,1; On \r\nc;0,5;\r\n;;\r\n"
    (tmp_path / "labels.csv").write_bytes(text.encode(encoding))
    labelled_set = load_labelled_inputs([tmp_path])
    assert labels_of(labelled_set) == {f"{tmp_path.name}/a": "off", f"{tmp_path.name}/b": "on"}
    assert reasons_of(labelled_set) == {f"{tmp_path.name}/c": "unlabelled"}


def test_a_label_file_cannot_name_files_of_other_folders(tmp_path: Path) -> None:
    write_png(tmp_path / "secret.png", PIXELS[0])
    write_png(tmp_path / "mine" / "ion.png", PIXELS[1])
    (tmp_path / "mine" / "labels.csv").write_text("file,label\n../secret.png,on\nion.png,off\n", "utf-8")
    labelled_set = load_labelled_inputs([tmp_path / "mine"])
    assert labels_of(labelled_set) == {"mine/ion.png": "off"}
    assert reasons_of(labelled_set) == {"mine/../secret.png": "unreadable"}


@pytest.mark.parametrize(
    ("content", "noun"),
    [
        (b"", "empty"),
        (b"annotation_id,label\n", "row"),
        (b"a,b\n1,2\n", "annotation_id"),
        (b"annotation_id,label\n\xff,on\n", "UTF-8"),
        (b'annotation_id,label\n"a"b,on\n', "CSV"),
    ],
)
def test_an_invalid_label_file_is_refused(tmp_path: Path, content: bytes, noun: str) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(InvalidInputError, match=noun):
        load_labelled_inputs([tmp_path])


@given(content=st.binary(max_size=80), suffix=st.sampled_from(["csv", "jsonl"]))
def test_arbitrary_bytes_as_a_label_file_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"labels.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError):
        load_labelled_inputs([path])


def test_saved_labels_next_to_an_imzml_file_are_expected_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("annotation_id,label,mz\na,on,500\n")
    (tmp_path / "mouse.imzML").touch()
    with pytest.raises(InvalidInputError, match=r"mouse\.csv"):
        load_labelled_inputs([tmp_path])


def test_a_path_with_an_unknown_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInputError, match="layout"):
        load_labelled_inputs([tmp_path])
    with pytest.raises(InvalidInputError, match="exist"):
        load_labelled_inputs([tmp_path / "nowhere"])


def test_data_without_usable_images_are_refused_with_the_first_reason(tmp_path: Path) -> None:
    write_png(tmp_path / "d" / "on" / "ion.png", np.zeros((9, 7), np.uint8))
    with pytest.raises(InvalidInputError, match="'ion'"):
        load_labelled_inputs([tmp_path])


def test_the_digest_depends_on_labels_datasets_and_pixels(tmp_path: Path) -> None:
    write_png(tmp_path / "one" / "d" / "on" / "ion.png", PIXELS[0])
    write_png(tmp_path / "again" / "d" / "on" / "ion.png", PIXELS[0])
    write_png(tmp_path / "other_label" / "d" / "off" / "ion.png", PIXELS[0])
    write_png(tmp_path / "other_dataset" / "e" / "on" / "ion.png", PIXELS[0])
    write_png(tmp_path / "other_pixels" / "d" / "on" / "ion.png", PIXELS[1])
    one, again, *others = (
        load_labelled_inputs([tmp_path / name]).digest()
        for name in ("one", "again", "other_label", "other_dataset", "other_pixels")
    )
    assert one == again
    assert len({one, *others}) == 4


def test_eight_bit_images_keep_the_mask_and_the_maximum() -> None:
    decoded = imagecodecs.png_decode(encode_8_bit(make_ion_image([[3.0, 6.0]], [[True, False]])))
    np.testing.assert_array_equal(decoded, [[[255, 255], [0, 0]]])


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (("Dataset 3", "Dataset 3_recal", "Dataset 16"), "dataset"),
        (("ICL__LNTO30_16_1", "ICL//LNTO31_17_4", "LNTO31_17_1-RECAL"), "lnto"),
        (("Rat50_Section1", "Rat51_Section2"), "rat"),
        (("Esco1_centroids", "Esco2_centroids"), "esco"),
        (("S648 WS20 205x170 20um E110", "S649 WS21 155x105 15um E110"), "ws"),
        (("AstraZeneca__CT26_xenograft", "xenograft CT-26 S10"), "ct xenograft"),
        (("Tumor11",), "tumor"),
        (("100_5",), "100_5"),
    ],
)
def test_recalibrations_and_sister_sections_are_one_family(names: tuple[str, ...], family: str) -> None:
    assert {name_family(name) for name in names} == {family}
