"""Windows of real acquisitions: their labels are correct, they are repeatable, and no fold uses held-out series."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shared.errors import InvalidInputError
from shared.ion_image import make_ion_image
from shared.png.image import encode_png
from shared.preprocessing import describe_missing_signal
from training.acquisitions.acquisition import Acquisition
from training.acquisitions.folds import leave_one_out
from training.acquisitions.reading import read_acquisition
from training.acquisitions.series import list_acquisitions, load_acquisitions
from training.cli import app
from training.synthetic.scenes.outlines import Outline, load_outlines
from training.windows.binning import bin_images, bin_mask
from training.windows.cutting import BACKGROUND_SHARES, INSIDE_SHARES, KINDS, can_cut
from training.windows.settings import WindowSettings
from training.windows.source import draw_window, draw_windows
from training.windows.window import RealWindow


@pytest.fixture(scope="module")
def acquisitions() -> dict[str, Acquisition]:
    return {one.name: one for one in load_acquisitions()}


@pytest.fixture(scope="module")
def outlines() -> list[Outline]:
    return load_outlines()


@pytest.fixture(scope="module")
def windows(acquisitions: dict[str, Acquisition], outlines: list[Outline]) -> list[RealWindow]:
    return list(draw_windows(list(acquisitions.values()), outlines, 150, 7))


def test_a_window_is_repeatable_and_differs_from_others(
    acquisitions: dict[str, Acquisition], outlines: list[Outline], windows: list[RealWindow]
) -> None:
    again = draw_window(list(acquisitions.values()), outlines, (7, 100))
    np.testing.assert_array_equal(again.images, windows[100].images)
    np.testing.assert_array_equal(again.acquisition_mask, windows[100].acquisition_mask)
    assert (again.rows, again.labels) == (windows[100].rows, windows[100].labels)
    assert len({(window.acquisition, window.images.tobytes()) for window in windows}) == len(windows)


def test_a_window_wholly_inside_the_sample_has_no_area_and_all_its_ions_are_on(windows: list[RealWindow]) -> None:
    inside = [window for window in windows if not window.has_off_sample_area]
    assert len(inside) > 50
    for window in inside:
        np.testing.assert_array_equal(window.sample_mask, window.acquisition_mask)
        assert set(window.labels) == {"on"}
        assert window.off_sample_share == 0


def test_a_window_with_background_holds_sample_and_background_and_mostly_both_labels(
    windows: list[RealWindow],
) -> None:
    background = [window for window in windows if window.has_off_sample_area]
    assert len(background) > 50
    for window in background:
        assert window.sample_mask.any()
        assert window.off_sample_share > 0.02
        assert not (window.sample_mask & window.off_sample_mask).any()
        assert not ((window.sample_mask | window.off_sample_mask) & ~window.acquisition_mask).any()
    assert {"on", "off", None} == {label for window in background for label in window.labels}


def test_no_label_of_a_window_contradicts_the_person_who_labelled_the_ion(
    acquisitions: dict[str, Acquisition], windows: list[RealWindow]
) -> None:
    compared = 0
    for window in windows:
        if window.has_off_sample_area:
            labels = acquisitions[window.acquisition].labels
            for row, label in zip(window.rows, window.labels, strict=True):
                assert label is None or labels[row] in (None, label)
                compared += label is not None and labels[row] is not None
    assert compared > 300


def test_every_image_of_a_window_has_signal_and_is_zero_where_nothing_was_acquired(
    windows: list[RealWindow],
) -> None:
    for window in windows:
        assert window.images.dtype == np.float32
        assert not window.images[:, ~window.acquisition_mask].any()
        assert all(describe_missing_signal(image) is None for image in window.ion_images)


def test_windows_are_rectangles_and_irregular_at_native_size_and_binned(windows: list[RealWindow]) -> None:
    assert {window.kind for window in windows} == set(KINDS) == set(INSIDE_SHARES) | set(BACKGROUND_SHARES)
    assert {window.binning for window in windows} == {1, 2, 3}
    assert 20 < sum(not window.acquisition_mask.all() for window in windows) < 130
    assert {len(window) for window in windows} >= {1, 2, 3}


def test_windows_with_and_without_area_come_from_at_least_six_series(windows: list[RealWindow]) -> None:
    for has_area in (True, False):
        assert len({window.series for window in windows if window.has_off_sample_area is has_area}) >= 6


def test_background_is_cut_only_where_it_is_known_to_be_background(acquisitions: dict[str, Acquisition]) -> None:
    with_background = {name for name, one in acquisitions.items() if can_cut(one, inside=False)}
    assert "mouse_aorta_lipids" not in with_background  # what surrounds it may be tissue
    assert "mouse_brain_interior_1" not in with_background
    assert {"gastric_cancer_afadesi", "mouse_brain_desi", "rat_liver_ir_maldesi", "mouse_bladder"} <= with_background
    assert can_cut(acquisitions["mouse_brain_interior_1"], inside=True)
    assert not can_cut(acquisitions["poplar_root"], inside=True)


def test_no_window_of_a_fold_comes_from_a_series_that_the_fold_holds_out(
    acquisitions: dict[str, Acquisition], outlines: list[Outline]
) -> None:
    series = {one.name: one.series for one in list_acquisitions()}
    for fold in leave_one_out(folds=4):
        kept = fold.keep_acquisitions(list(acquisitions.values()))
        for window in draw_windows(kept, outlines, 30, 1):
            assert series[window.acquisition] == window.series
            assert window.series not in fold.held_out_series


def test_the_number_of_ions_follows_the_settings(acquisitions: dict[str, Acquisition], outlines: list[Outline]) -> None:
    liver = [acquisitions["rat_liver_ir_maldesi"]]
    settings = WindowSettings(fewest_ions=3, most_ions=5)
    assert {len(window) for window in draw_windows(liver, outlines, 20, 1, settings)} == {3, 4, 5}


def test_binning_takes_the_mean_over_acquired_pixels() -> None:
    acquired = np.ones((5, 4), dtype=np.bool_)
    acquired[0, 0] = False
    acquired[2:4, 2:4] = False
    image = np.where(acquired, np.arange(20, dtype=np.float32).reshape(5, 4), 0)
    binned_mask = bin_mask(acquired, acquired, 2)
    np.testing.assert_array_equal(binned_mask, [[True, True], [True, False]])
    binned = bin_images(image[np.newaxis], acquired, binned_mask, 2)
    np.testing.assert_allclose(binned[0], [[(1 + 4 + 5) / 3, (2 + 3 + 6 + 7) / 4], [(8 + 9 + 12 + 13) / 4, 0]])


def write_own(folder: Path) -> Path:
    """Bright sample on the left, bright matrix on the right, and a painted mask."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    sample = np.zeros((40, 50), dtype=np.bool_)
    sample[:, :25] = True
    for number in range(6):
        image = np.where(sample == (number % 2 == 0), 50.0, 2.0) + rng.random(sample.shape)
        (folder / f"ion{number}.png").write_bytes(encode_png(make_ion_image(image)))
    (folder / "sample_mask.png").write_bytes(encode_png(make_ion_image(np.where(sample, 255.0, 0.0))))
    return folder


def test_windows_of_a_users_acquisition_follow_its_painted_mask(tmp_path: Path, outlines: list[Outline]) -> None:
    own = read_acquisition(write_own(tmp_path / "own"))
    for window in draw_windows([own], outlines, 20, 3):
        for row, label in zip(window.rows, window.labels, strict=True):
            assert label == ("on" if row % 2 == 0 or not window.has_off_sample_area else "off")


def test_an_acquisition_without_regions_gives_no_window(tmp_path: Path, outlines: list[Outline]) -> None:
    folder = write_own(tmp_path / "bare")
    (folder / "sample_mask.png").unlink()
    with pytest.raises(InvalidInputError, match="regions"):
        draw_window([read_acquisition(folder)], outlines, (1,))


def test_the_command_draws_the_gallery_and_counts_series(tmp_path: Path) -> None:
    gallery = tmp_path / "gallery.png"
    run = CliRunner().invoke(
        app,
        ["windows", "--count", "12", "--without", "mouse_bladder", "--output", str(gallery)],
        catch_exceptions=False,
    )
    assert run.exit_code == 0
    assert "12 windows" in run.output
    assert "mouse_bladder" not in run.output
    assert gallery.read_bytes().startswith(b"\x89PNG")


def test_the_command_accepts_a_users_acquisitions(tmp_path: Path) -> None:
    own = write_own(tmp_path / "own")
    run = CliRunner().invoke(
        app, ["windows", str(own), "--count", "4", "--output", str(tmp_path / "g.png")], catch_exceptions=False
    )
    assert run.exit_code == 0
    assert "own" in run.output
