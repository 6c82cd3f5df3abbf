"""A dataset report in a real browser: what a person sees, and what she can do with mouse or keyboard."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from live_browser import find_barriers, live_browser
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect
from report_making import classified, make_report

from model_store.predictors.predictor import Predictor
from shared.ion_image import IonImage, make_ion_image
from training.labelled.label_rows import read_label_rows
from worker.messages.event import Annotation
from worker.messages.results import ResultRow

HOSTILE = '<img src=x onerror="window.hacked = 1"></script><script>window.hacked = 1</script>'
ROWS = [
    classified("sure off", 0.97),
    classified("less off", 0.81),
    classified("doubtful", 0.6),
    classified("sure on", 0.01),
    classified(HOSTILE, 0.2),
    ResultRow(annotation_id="silent", status="no_signal", reason="every acquired pixel is 0"),
    ResultRow(annotation_id="broken", status="unreadable", reason=f"PNG is truncated {HOSTILE}"),
]
ANNOTATIONS = [
    Annotation(annotation_id="sure off", mz=500.0, formula="C6H12O6", adduct="+H"),
    Annotation(annotation_id="less off", mz=500.004),
    Annotation(annotation_id="doubtful", mz=500.1),
    Annotation(annotation_id="sure on", mz=300.0, formula="C10H16", adduct="+Na"),
    Annotation(annotation_id=HOSTILE, mz=250.0, formula=HOSTILE, adduct="<b>+H</b>"),
    Annotation(annotation_id="silent", mz=200.0),
    Annotation(annotation_id="broken", mz=201.0),
]
PHONE: ViewportSize = {"width": 390, "height": 844}


def make_images() -> dict[str, IonImage]:
    """A disc on the left half or everything around it; the last column was not acquired."""
    rows, columns = np.mgrid[:24, :30]
    inside = (rows - 12) ** 2 + (columns - 12) ** 2 < 64
    acquired = np.broadcast_to(columns < 29, inside.shape)
    generator = np.random.default_rng(0)
    pictures = {
        row.annotation_id: make_ion_image(generator.poisson(np.where(inside == (row.label == "on"), 60, 2)), acquired)
        for row in ROWS
        if row.status == "classified"
    }
    return pictures | {"silent": make_ion_image(np.zeros((24, 30)))}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with live_browser() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, predictor: Predictor) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return make_report(path, ROWS, make_images(), ANNOTATIONS, f"bladder {HOSTILE}", predictor)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file in a context of its own, which must report no error and load nothing."""
    complaints: list[str] = []
    contexts = []

    def open_one(path: Path, **options: object) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1400, "height": 1000}} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url == path.as_uri() else complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page], report: Path) -> Page:
    return open_page(report)


def names_in(page: Page, pane: str) -> list[str]:
    """The names of the tiles of a pane, in their order."""
    tiles = page.locator(f"#grid-{pane} .tile:not([hidden])")
    found = [
        (int(tile.get_attribute("aria-posinset") or 0), tile.locator(".name").inner_text()) for tile in tiles.all()
    ]
    return [name for _, name in sorted(found)]


def pixels_of(page: Page, selector: str) -> np.ndarray:
    """(H, W, 4) of a canvas."""
    png: str = page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")
    with Image.open(BytesIO(b64decode(png.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def test_a_report_opens_with_a_sentence_and_both_labels_side_by_side(page: Page) -> None:
    expect(page.locator(".conclusion")).to_contain_text("3 of 5 ion images are off-sample")
    assert names_in(page, "off") == ["m/z 500.0000", "m/z 500.0040", "m/z 500.1000"]
    assert names_in(page, "on") == ["m/z 300.0000", "m/z 250.0000"]
    assert names_in(page, "none") == ["m/z 200.0000", "m/z 201.0000"]
    off, on = (page.locator(f"#grid-{name}").bounding_box() for name in ("off", "on"))
    assert off is not None
    assert on is not None
    assert off["y"] == pytest.approx(on["y"], abs=1)
    assert off["x"] < on["x"]


def test_foreign_text_never_becomes_html(page: Page) -> None:
    for view, place in (("pictures", "#panes"), ("table", "#table")):
        page.select_option("#view", view)
        page.locator(place).get_by_text("<b>+H</b>").click()
        expect(page.locator("#detail-facts")).to_contain_text(HOSTILE)
        page.keyboard.press("Escape")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main b:not([data-count])").count() == 0
    assert page.title().startswith(f"bladder {HOSTILE}")


def test_the_slider_relabels_at_once(page: Page) -> None:
    page.locator("#threshold").fill("0.9")
    assert names_in(page, "off") == ["m/z 500.0000"]
    expect(page.locator("#pane-on")).to_contain_text("4")
    expect(page.locator("[data-count=off]")).to_have_text("1")
    page.click("#threshold-reset")
    assert len(names_in(page, "off")) == 3


@pytest.mark.parametrize(
    ("group", "shown"), [("off", (1, 2, 2)), ("on", (3, 0, 2)), ("uncertain", (2, 2, 2)), ("no_signal", (3, 2, 1))]
)
def test_a_group_can_be_hidden(page: Page, group: str, shown: tuple[int, int, int]) -> None:
    page.locator(f".chip.{group}").click()
    assert tuple(len(names_in(page, pane)) for pane in ("off", "on", "none")) == shown


@pytest.mark.parametrize(
    ("query", "tolerance", "shown"),
    [
        ("500", "10", ["m/z 500.0000", "m/z 500.0040"]),
        ("500", "5", ["m/z 500.0000"]),
        ("m/z 500", "1000", ["m/z 500.0000", "m/z 500.0040", "m/z 500.1000"]),
        ("c6h12", "10", ["m/z 500.0000"]),
        ("C6H12O6+H", "10", ["m/z 500.0000"]),
        ("doubt", "10", ["m/z 500.1000"]),
        ("nothing", "10", []),
    ],
)
def test_ions_are_found_by_mz_formula_and_id(page: Page, query: str, tolerance: str, shown: list[str]) -> None:
    page.fill("#tolerance", tolerance)
    page.fill("#query", query)
    assert names_in(page, "off") == shown


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("m/z", "silent", "doubtful"),
        ("Id", HOSTILE, "sure on"),
        ("Total", "silent", "sure off"),
        ("P(off)", "sure on", "sure off"),
    ],
)
def test_a_column_sorts_the_table_in_both_directions(page: Page, column: str, ascending: str, descending: str) -> None:
    page.select_option("#view", "table")
    head = page.get_by_role("columnheader").filter(has_text=column)
    first = page.locator("#table-body [aria-rowindex='2'] > div").nth(1)
    for _ in range(2):
        head.get_by_role("button").click()
        direction = head.get_attribute("aria-sort")
        expect(first).to_have_text(ascending if direction == "ascending" else descending)
    assert direction == "descending"


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


def test_not_acquired_zero_and_clipped_pixels_look_different(open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Columns of 0 to 9 with one hot spot; the first row was not acquired."""
    intensities = np.tile(np.arange(10.0), (10, 1))
    intensities[5, 9] = 1000
    acquired = np.ones((10, 10), dtype=bool)
    acquired[0] = False
    image = make_ion_image(intensities, acquired)
    page = open_page(make_report(tmp_path / "one.html", [classified("a", 0.9)], {"a": image}))
    expect(page.locator("#grid-off .tile:visible canvas:not(.waiting)")).to_have_count(1)
    clipped = pixels_of(page, "#grid-off canvas")
    assert clipped[1, 0].tolist() == [68, 1, 84, 255]  # viridis at its lowest
    assert not colours_of(clipped[0]) & colours_of(clipped[1:])
    assert clipped[5, 8].tolist() != clipped[5, 1].tolist()
    page.uncheck("#clipped")
    assert pixels_of(page, "#grid-off canvas")[5, 8, 1] < 10  # next to nothing beside the hot spot
    page.select_option("#colours", "grey")
    grey = pixels_of(page, "#grid-off canvas")[1:]
    assert (grey[..., 0] == grey[..., 1]).all()


def colours_of(pixels: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in pixels.reshape(-1, 4).tolist()}


def test_the_keyboard_alone_opens_moves_and_closes(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("off")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "grid-off":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0000")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0040")
    page.keyboard.press("2")
    expect(page.locator("#detail [data-label=off]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "grid-off"


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1400, "height": 1000}, PHONE], ids=["desktop", "phone"])
def test_nothing_bars_people_with_assistive_technology(
    open_page: Callable[..., Page], report: Path, colour_scheme: str, viewport: ViewportSize
) -> None:
    page = open_page(report, viewport=viewport, color_scheme=colour_scheme, bypass_csp=True)
    assert find_barriers(page) == []
    page.locator("#grid-off .tile:visible").first.click()
    assert find_barriers(page) == []
    page.keyboard.press("Escape")
    if viewport == PHONE:
        page.click("#more")
    page.select_option("#view", "table")
    assert find_barriers(page) == []


def test_a_phone_shows_one_column_at_a_time_and_nothing_sideways(open_page: Callable[..., Page], report: Path) -> None:
    page = open_page(report, viewport=PHONE, has_touch=True)
    expect(page.locator("#grid-on")).to_be_hidden()
    page.get_by_role("button", name="On-sample 2").click()
    expect(page.locator("#grid-on .tile:visible").first).to_be_visible()
    expect(page.locator("#grid-off")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_active_ion_of_a_grid_far_below_exists_for_a_screen_reader(
    open_page: Callable[..., Page], report: Path
) -> None:
    page = open_page(report, viewport={"width": 390, "height": 400})
    grid = page.locator("#grid-off")
    assert grid.evaluate("grid => grid.getBoundingClientRect().top") > 1200
    active = grid.get_attribute("aria-activedescendant")
    expect(grid.locator(f"#{active}")).to_contain_text("m/z 500.0000")
    grid.locator(".tile:visible").first.click()
    expect(page.locator("#detail-title")).to_contain_text("m/z 500.0000")


def test_of_five_thousand_ions_only_the_visible_ones_are_in_the_document(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    rows = [classified(f"ion {number}", float(value)) for number, value in enumerate(generator.random(5000))]
    pictures = [make_ion_image(generator.poisson(5, (12, 12))) for _ in range(10)]
    images = {row.annotation_id: pictures[number % 10] for number, row in enumerate(rows)}
    page = open_page(make_report(tmp_path / "many.html", rows, images))
    page.locator("#grid-off").focus()
    page.keyboard.press("End")
    least = min((row for row in rows if row.label == "off"), key=lambda row: row.off_sample_probability or 0)
    expect(page.locator("#grid-off .active .name")).to_have_text(least.annotation_id)
    expect(page.locator(".tile canvas.waiting:visible")).to_have_count(0)
    assert page.locator(".tile").count() < 300
