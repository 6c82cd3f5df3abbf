"""A dataset report in a real browser: why a label was predicted, and a person's own labels."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from report_driving import HOSTILE, colours_of, pixels_of

from training.labelled.label_rows import read_label_rows


def test_a_label_can_be_explained_over_its_image(page: Page) -> None:
    page.locator("#grid-off .tile:visible").first.click()
    expect(page.locator("#detail-why")).to_be_hidden()
    page.check("#why")
    expect(page.locator("#why-text")).to_contain_text("factor")
    assert len(colours_of(pixels_of(page, "#detail-why"))) > 5
    picture, overlay = (page.locator(name).bounding_box() for name in ("#detail-canvas", "#detail-why"))
    assert overlay == pytest.approx(picture, abs=1)
    page.keyboard.press("Escape")
    page.locator("#grid-none .tile:visible").first.click()
    expect(page.locator("#why-field")).to_be_hidden()


def test_a_label_given_by_key_survives_a_reload_and_is_what_training_reads(page: Page, tmp_path: Path) -> None:
    page.locator("#grid-off").focus()
    page.keyboard.press("1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("3")
    page.locator("#grid-on").focus()
    page.keyboard.press("End")
    page.keyboard.press("2")
    page.reload()
    expect(page.locator("#corrected")).to_contain_text("3 labelled by you")
    with page.expect_download() as download:
        page.click("#save-labels")
    download.value.save_as(tmp_path / "labels.csv")
    rows = read_label_rows(tmp_path / "labels.csv")
    assert {row.annotation_id: row.label for row in rows} == {"sure off": "on", "less off": "unclear", HOSTILE: "off"}
    assert {row.served_as for row in rows} == {f"bladder {HOSTILE}"}

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#forget-labels")
    expect(page.locator("#corrected")).to_have_text("")
    page.set_input_files("#load-labels", tmp_path / "labels.csv")
    expect(page.locator("#corrected")).to_contain_text("3 labelled by you")
    expect(page.locator("#grid-off .yours.on")).to_be_visible()


def test_a_file_without_labels_is_refused_with_a_word(page: Page, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    page.set_input_files("#load-labels", tmp_path / "other.csv")
    expect(page.locator("#corrected")).to_contain_text("annotation_id")
