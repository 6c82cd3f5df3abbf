"""The exploration of shipped, drawn and broken datasets: a self-contained page and its figures."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from training_commands import run_training

from shared.errors import InvalidInputError
from training.data_root import DATA_ROOT
from training.exploration.exploration import explore
from training.exploration.explored_dataset import draw_dataset, open_dataset
from training.exploration.page import write_exploration
from training.synthetic.sources import load_sources

ALL_FIGURES = {
    "ion_image",
    "pixel_spectrum",
    "sum_spectra",
    "zoomed_difference",
    "sample_mask",
    "on_and_off",
    "components",
    "first_component",
    "clusters",
    "ion_images",
}


def figures_of(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "figures").glob("*.png")}


def test_the_command_draws_the_bladder(tmp_path: Path) -> None:
    ended = run_training("explore", str(DATA_ROOT / "mouse_bladder"), "--output", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "79 ion images, off_sample_area: present" in ended.stdout
    html = (tmp_path / "exploration.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:image/png;base64,)', html)
    shown = {base64.b64decode(one) for one in re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)}
    assert shown == {path.read_bytes() for path in (tmp_path / "figures").glob("*.png")}
    assert figures_of(tmp_path) == ALL_FIGURES
    assert "426.9289 to" in html


def test_the_page_states_that_mz_is_unknown(tmp_path: Path) -> None:
    found = explore(open_dataset(DATA_ROOT / "unlabelled" / "mouse_uterus_desi" / "ion_images.npz"))
    assert found.dataset.name == "mouse_uterus_desi"
    assert found.axis[1] == "channel index (m/z unknown)"
    page = write_exploration(found, tmp_path)
    assert "unknown: spectra are drawn over the channel index" in page.read_text(encoding="utf-8")
    assert figures_of(tmp_path) == ALL_FIGURES


def test_the_page_without_off_sample_area_has_the_other_figures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:40, :50]
    acquired = (rows - 20) ** 2 + 0.6 * (columns - 25) ** 2 < 300
    np.savez(tmp_path / "tissue_only.npz", images=rng.poisson(20, (12, 40, 50)) * acquired, acquired=acquired)
    found = explore(open_dataset(tmp_path / "tissue_only.npz"))
    assert found.predicted.off_sample_area == "absent"
    page = write_exploration(found, tmp_path)
    assert "off_sample_area: absent" in page.read_text(encoding="utf-8")
    assert figures_of(tmp_path) == ALL_FIGURES - {"zoomed_difference"}


def test_the_page_of_a_drawn_dataset_shows_its_true_mask(tmp_path: Path) -> None:
    dataset = draw_dataset(load_sources(), 8, seed=2)
    assert dataset.true_mask is not None
    page = write_exploration(explore(dataset), tmp_path)
    assert "overlap with the true mask" in page.read_text(encoding="utf-8")


def test_a_single_ion_can_be_explored(tmp_path: Path) -> None:
    images = np.zeros((3, 12, 15), dtype=np.float32)
    images[1, 3:9, 4:10] = 5
    np.savez(tmp_path / "one.npz", images=images)
    found = explore(open_dataset(tmp_path / "one.npz"))
    assert (len(found.dataset.ion_images), found.dataset.left_out) == (1, 2)
    write_exploration(found, tmp_path)
    assert "ion_image" in figures_of(tmp_path)


def test_a_folder_of_png_files_is_a_dataset(png_folder: Path, tmp_path: Path) -> None:
    (png_folder / "broken.png").write_bytes(b"no picture")
    found = explore(open_dataset(png_folder))
    assert (len(found.dataset.ion_images), found.dataset.left_out) == (8, 1)
    write_exploration(found, tmp_path / "page")


def test_paths_without_usable_ion_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="folder"):
        open_dataset(tmp_path)
    np.savez(tmp_path / "empty.npz", images=np.zeros((2, 4, 4), dtype=np.float32))
    with pytest.raises(InvalidInputError, match="signal"):
        open_dataset(tmp_path / "empty.npz")
