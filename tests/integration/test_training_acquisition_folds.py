"""The acquisitions of training/data match their README, and no series is on both sides of a fold."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from shared.errors import InvalidInputError
from training.acquisitions.acquisition import Acquisition
from training.acquisitions.folds import AcquisitionFold, find_folds, leave_one_out
from training.acquisitions.series import list_acquisitions, load_acquisitions
from training.synthetic.sources import load_sources

FOLDS = [leave_one_out(), leave_one_out(folds=4)]


@pytest.fixture(scope="module")
def everything() -> list[Acquisition]:
    return [one.read() for one in list_acquisitions()]


def test_acquisitions_have_the_sizes_and_labels_of_the_readme(everything: list[Acquisition]) -> None:
    twelve = {one.name: one for one in everything[:12]}
    counted = {
        name: (len(one), one.shape, *(one.labels.count(label) for label in ("on", "off", "unclear")))
        for name, one in twelve.items()
    }
    assert counted == {
        "gastric_cancer_afadesi": (32, (90, 126), 12, 17, 3),
        "human_heart_nanodesi": (17, (153, 133), 16, 0, 1),
        "mouse_aorta_lipids": (32, (94, 62), 10, 2, 20),
        "mouse_aorta_proteins": (67, (45, 59), 8, 4, 55),
        "mouse_brain_desi": (81, (49, 80), 25, 45, 11),
        "mouse_brain_interior_1": (52, (50, 53), 0, 0, 0),
        "mouse_brain_interior_2": (51, (50, 45), 0, 0, 0),
        "mouse_brain_interior_3": (51, (39, 41), 0, 0, 0),
        "mouse_xenograft": (58, (100, 335), 51, 0, 7),
        "poplar_root": (23, (178, 34), 0, 0, 0),
        "rat_liver_ir_maldesi": (498, (18, 30), 291, 17, 190),
        "whole_body_mouse": (10, (90, 301), 9, 0, 1),
    }
    assert {one.series for name, one in twelve.items() if "interior" in name} == {"mouse_brain_interior"}
    for one in everything:
        assert one.images.dtype == np.float32
        assert np.isfinite(one.images).all()
        assert not one.images[:, ~one.acquisition_mask].any()


def test_every_data_folder_is_listed_with_its_series() -> None:
    listed = {one.folder.resolve() for one in list_acquisitions()}
    root = Path(next(iter(listed))).parents[1]
    existing = {path.parent.resolve() for path in root.rglob("ion_images.npz")}
    assert listed == existing


def test_textures_of_one_family_belong_to_one_series() -> None:
    series = {one.name: one.series for one in list_acquisitions()}
    of_family = defaultdict(set)
    for source in load_sources().texture_sources:
        of_family[source.family].add(series[source.name])
    assert {len(found) for found in of_family.values()} == {1}


@pytest.mark.parametrize("folds", FOLDS, ids=["each series", "four"])
def test_no_acquisition_series_or_texture_is_on_both_sides_of_a_fold(folds: list[AcquisitionFold]) -> None:
    series = {one.name: one.series for one in list_acquisitions()}
    sources = load_sources()
    assert max(Counter(name for fold in folds for name in fold.held_out).values()) == 1
    for fold in folds:
        assert sorted((*fold.held_out, *fold.kept)) == sorted(series)
        held_out, kept = ({series[name] for name in names} for names in (fold.held_out, fold.kept))
        assert held_out == set(fold.held_out_series)
        assert not held_out & kept
        textures = {source.name for source in fold.keep_sources(sources).texture_sources}
        assert not held_out & {series[name] for name in textures}
        assert len(textures) >= 18


def test_every_acquisition_with_ground_truth_is_held_out_once() -> None:
    """The embryo has no labels, and it is unknown whether off-sample area was measured."""
    names = [one.name for one in load_acquisitions()]
    for folds in FOLDS:
        assert [name for name, fold in zip(names, find_folds(folds, names), strict=True) if fold < 0] == [
            "mouse_embryo"
        ]
    assert find_folds(FOLDS[0], ["la_icp_ms_c1sa1"]).tolist() == [-1]


def test_textures_of_the_same_laboratory_are_held_out_with_the_acquisition() -> None:
    """The uterus is a texture source from the laboratory and repository author of the heart."""
    (fold,) = [fold for fold in leave_one_out() if "human_heart_nanodesi" in fold.held_out]
    assert "mouse_uterus_desi" in fold.held_out
    assert "mouse_uterus_desi" not in {source.name for source in fold.keep_sources(load_sources()).texture_sources}


def test_each_of_four_folds_holds_out_series_with_and_without_off_sample_area() -> None:
    area = {one.name: one.off_sample_area for one in list_acquisitions()}
    for fold in leave_one_out(folds=4):
        assert {"present", "absent"} <= {area[name] for name in fold.held_out}


def test_no_ion_image_is_in_two_series(everything: list[Acquisition]) -> None:
    """Compared at 16 grey levels, so that scaling or rounding does not hide a copy."""
    series_of = defaultdict(set)
    for one in everything:
        for image in one.images:
            levels = np.rint(image / max(float(image.max()), 1e-9) * 15).astype(np.uint8)
            if np.count_nonzero(levels) > 20:
                series_of[hashlib.sha256(levels.tobytes()).digest()].add(one.series)
    assert {len(found) for found in series_of.values()} == {1}


def test_fewer_than_two_folds_and_more_folds_than_series_are_refused() -> None:
    for count in (1, 15):
        with pytest.raises(InvalidInputError, match="folds"):
            leave_one_out(folds=count)


def test_an_unknown_acquisition_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="acquisition"):
        load_acquisitions(["no_such"])
