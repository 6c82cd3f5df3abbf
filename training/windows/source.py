"""Windows as a source of datasets: drawn by number, so that window k of a seed is always the same."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import ndimage

from shared.errors import InvalidInputError
from shared.ion_image import Intensities
from training.acquisitions.acquisition import Acquisition, Regions
from training.synthetic.random_field import Mask, draw_log_uniform
from training.synthetic.scenes.outlines import Outline
from training.synthetic.whole_dataset import OFF_SHARE_BETA
from training.windows.binning import bin_images, bin_mask
from training.windows.cutting import can_cut, cut_mask
from training.windows.ions import draw_degradation, has_enough_signal, label_ions, order_ions
from training.windows.settings import WindowSettings
from training.windows.window import RealWindow

_TRIES = 60


def draw_window(
    acquisitions: Sequence[Acquisition],
    outlines: Sequence[Outline],
    seed: tuple[int, ...],
    settings: WindowSettings | None = None,
) -> RealWindow:
    """One window; series are equally likely, and so are the acquisitions of one series.

    Parameters
    ----------
    acquisitions
        The acquisitions to cut; for a fold, those that it keeps.
    outlines
        Shapes of irregular windows.
    seed
        The same seed and acquisitions give the same window.

    Raises
    ------
    InvalidInputError
        When no acquisition has usable regions.
    """
    settings = settings or WindowSettings()
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        inside = bool(rng.random() < settings.without_area)
        usable = [one for one in acquisitions if can_cut(one, inside=inside)]
        if usable:
            window = cut_window(_pick(usable, rng), outlines, rng, settings, inside=inside)
            if window is not None:
                return window
    raise InvalidInputError(
        "expected acquisitions with regions of sample and background, or of sample alone,"
        f" got {len(acquisitions)} without usable regions"
    )


def draw_windows(
    acquisitions: Sequence[Acquisition],
    outlines: Sequence[Outline],
    count: int,
    seed: int,
    settings: WindowSettings | None = None,
) -> Iterator[RealWindow]:
    """Windows 0 to `count` - 1 of a seed."""
    return (draw_window(acquisitions, outlines, (seed, number), settings) for number in range(count))


def cut_window(
    acquisition: Acquisition,
    outlines: Sequence[Outline],
    rng: np.random.Generator,
    settings: WindowSettings,
    *,
    inside: bool,
) -> RealWindow | None:
    """A window of one acquisition; None when none is valid or too little signal is left."""
    regions = acquisition.effective_regions
    found = cut_mask(acquisition, outlines, rng, inside=inside)
    if regions is None or found is None:
        return None
    kind, whole_mask = found
    frame = ndimage.find_objects(whole_mask.astype(np.uint8))[0]
    mask, sample, off_sample = (
        part[frame] & whole_mask[frame] for part in (whole_mask, regions.sample, regions.off_sample)
    )
    images = np.where(mask, acquisition.images[:, *frame], 0)
    labels = label_ions(images, acquisition.effective_labels, Regions(sample, off_sample))
    binning = _draw_binning(mask, settings, rng)
    window_mask, window_off_sample = bin_mask(mask, mask, binning), bin_mask(off_sample, mask, binning)
    order = order_ions(labels, None if inside else _draw_off_share(settings, rng), rng)
    rows, shown = _take_ions(bin_images(images, mask, window_mask, binning), window_mask, order, settings, rng)
    if not rows or inside is bool(window_off_sample.any()):
        return None
    return RealWindow(
        acquisition=acquisition.name,
        series=acquisition.series,
        kind=kind,
        binning=binning,
        images=np.stack(shown),
        acquisition_mask=window_mask,
        sample_mask=bin_mask(sample, mask, binning),
        off_sample_mask=window_off_sample,
        rows=tuple(rows),
        labels=tuple(labels[row] for row in rows),
    )


def _take_ions(
    images: Intensities,
    window_mask: Mask,
    order: Sequence[int],
    settings: WindowSettings,
    rng: np.random.Generator,
) -> tuple[list[int], list[Intensities]]:
    """The first ions in this order with enough signal, up to the drawn number; none when there are too few."""
    wanted = round(draw_log_uniform(settings.fewest_ions, settings.most_ions, rng))
    degrade = draw_degradation(settings, rng)
    rows: list[int] = []
    shown: list[Intensities] = []
    for row in order:
        image = degrade(images[row])
        if has_enough_signal(image, window_mask):
            rows.append(row)
            shown.append(image)
            if len(rows) == wanted:
                break
    return (rows, shown) if len(rows) >= settings.fewest_ions else ([], [])


def _draw_off_share(settings: WindowSettings, rng: np.random.Generator) -> float | None:
    """The off share of the ions to take; None = that of the acquisition."""
    return float(rng.beta(*OFF_SHARE_BETA)) if rng.random() < settings.chosen_off_share else None


def _draw_binning(mask: Mask, settings: WindowSettings, rng: np.random.Generator) -> int:
    if min(mask.shape) < settings.binned_from_px or rng.random() >= settings.binned:
        return 1
    return int(rng.integers(2, settings.most_binning + 1))


def _pick(acquisitions: Sequence[Acquisition], rng: np.random.Generator) -> Acquisition:
    """Pick a series, then one of its acquisitions."""
    names = sorted({one.series for one in acquisitions})
    series = names[int(rng.integers(len(names)))]
    members = [one for one in acquisitions if one.series == series]
    return members[int(rng.integers(len(members)))]
