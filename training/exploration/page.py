"""The page of an exploration: one self-contained HTML file, and every figure as PNG."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from training.exploration import image_figures, spectrum_figures
from training.exploration.exploration import Exploration
from training.reports.html_page import (
    render_png,
    write_heading,
    write_image,
    write_page,
    write_paragraph,
    write_table,
)
from training.reports.text_tables import TextTable

_Section = tuple[str, str, Callable[[Exploration], Figure], str]

_SECTIONS: tuple[_Section, ...] = (
    (
        "ion_image",
        "An ion image",
        image_figures.draw_ion_image,
        "The ion image that agrees most with the sample mask; hot spots are clipped (report, figure 3).",
    ),
    (
        "pixel_spectrum",
        "One pixel's spectrum",
        spectrum_figures.draw_pixel_spectrum,
        "One pixel of the sample, normalised to its highest peak (figure 4).",
    ),
    (
        "sum_spectra",
        "Sum spectra of both areas",
        spectrum_figures.draw_sum_spectra,
        "Spectra summed over either area and divided by its pixels (figure 6).",
    ),
    (
        "zoomed_difference",
        "The difference, zoomed",
        spectrum_figures.draw_zoomed_difference,
        "Neighbouring ions of both sum spectra, stacked; below, which area their intensity comes from (figure 7).",
    ),
    (
        "sample_mask",
        "Sample mask",
        image_figures.draw_mask,
        "Predicted from the ion images alone; yellow is sample (figure 8).",
    ),
    (
        "on_and_off",
        "Two ion images of the same dataset",
        image_figures.draw_pair,
        "Those that agree most with the sample and with the off-sample area (figure 9).",
    ),
    (
        "components",
        "Principal components",
        spectrum_figures.draw_components,
        "Every pixel's spectrum on the first two principal components; colours are the predicted areas (figure 10).",
    ),
    (
        "first_component",
        "First principal component",
        spectrum_figures.draw_first_component,
        "How its values are distributed in both areas (figure 11). It does not show which side is the sample.",
    ),
    (
        "clusters",
        "K-means with N = 5",
        image_figures.draw_clusters,
        "Clusters of pixel spectra mapped to the pixels, and which of them the mask rule chose as sample (figure 12).",
    ),
    (
        "ion_images",
        "On-sample and off-sample ion images",
        image_figures.draw_comparison,
        "Sorted by correlation with the predicted mask, most certain first (figure 21).",
    ),
)
_NEEDS_OFF_SAMPLE_AREA = frozenset({"zoomed_difference"})


def write_exploration(exploration: Exploration, folder: Path) -> Path:
    """Write `exploration.html` and `figures/*.png`; return the page's path."""
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    parts = [write_paragraph(_describe(exploration), "verdict"), write_table(_tabulate(exploration))]
    for name, heading, draw, caption in _SECTIONS:
        parts.append(write_heading(heading))
        if name in _NEEDS_OFF_SAMPLE_AREA and not exploration.off_sample.any():
            parts.append(write_paragraph("There is no off-sample area to compare with.", "note"))
            continue
        png = render_png(draw(exploration))
        (folder / "figures" / f"{name}.png").write_bytes(png)
        parts += [write_image(png, heading), write_paragraph(caption, "note")]
    page = folder / "exploration.html"
    page.write_text(write_page(f"Exploration of {exploration.dataset.name}", parts), encoding="utf-8")
    return page


def _describe(exploration: Exploration) -> str:
    predicted = exploration.predicted
    if predicted.off_sample_area is None:
        return "The ion images do not separate any areas."
    if predicted.off_sample_area == "absent":
        return f"off_sample_area: absent; all acquired pixels are sample (confidence {predicted.confidence:.2f})."
    share = float(exploration.off_sample.sum() / exploration.dataset.acquisition_mask.sum())
    return f"off_sample_area: present, {share:.0%} of the acquired pixels (confidence {predicted.confidence:.2f})."


def _tabulate(exploration: Exploration) -> TextTable:
    dataset = exploration.dataset
    height, width = exploration.sample.shape
    acquired = int(dataset.acquisition_mask.sum())
    mz = "unknown: spectra are drawn over the channel index"
    if dataset.mz is not None:
        mz = f"{dataset.mz.min():.4f} to {dataset.mz.max():.4f}"
    rows = [
        ("ion images", f"{len(dataset.ion_images):,}"),
        ("left out (unreadable, without signal, or of another size)", f"{dataset.left_out:,}"),
        ("size", f"{height} x {width} px, {acquired:,} of them acquired"),
        ("m/z", mz),
        ("ions nearer to the sample than to its surroundings", f"{len(exploration.on_ions):,}"),
    ]
    if dataset.true_mask is not None:
        true = dataset.true_mask & dataset.acquisition_mask
        overlap = float((true & exploration.sample).sum() / (true | exploration.sample).sum())
        rows.append(("overlap with the true mask (intersection over union)", f"{overlap:.3f}"))
    return TextTable("The dataset", ("", ""), tuple(rows))
