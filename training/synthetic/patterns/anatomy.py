"""Anatomy: what the ions of one dataset share, as in real acquisitions.

The regions of a sample are brighter or darker together, its texture appears in many ions, matrix ions follow a few
patterns, and a gain (uneven matrix, poorly ionised lines) applies to everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.synthetic.patterns.catalogue import draw_pattern
from training.synthetic.patterns.layers import (
    delocalise,
    draw_matrix,
    draw_tissue,
    draw_unevenness,
    shape_of,
    side_px,
    signed_depth,
    unit_mean,
)
from training.synthetic.patterns.matrix import MATRIX_PATTERNS
from training.synthetic.patterns.slide import SLIDE_PATTERNS
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field, draw_log_uniform, draw_slope, draw_smooth_field
from training.synthetic.scenes.outlines import Outline
from training.synthetic.scenes.placement import vary
from training.synthetic.scenes.scene import Scene

_LARGEST_REGIONS = 16
Owner = npt.NDArray[np.intp]
"""(H, W) number of the region that a pixel belongs to."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What the ions of one dataset share.

    Attributes
    ----------
    regions
        (K, H, W), with soft borders; their sum is at most 1.
    brightness
        (K,) mean of the logarithm of an ion's brightness in each.
    spread
        Standard deviation of the same logarithm between ions.
    tissue
        (H, W), the texture of the sample, mean near 1.
    films
        Noise-free patterns of the ions of matrix and slide.
    """

    regions: Field
    brightness: Field
    spread: float
    tissue: Field
    films: tuple[Field, ...]


def draw_anatomy(scene: Scene, outlines: Sequence[Outline], source: TextureSource, rng: np.random.Generator) -> Anatomy:
    """Draw the anatomy that all ions of a scene share."""
    owner = _draw_partition(scene, outlines, rng)
    if rng.random() < 0.5:
        owner = owner * (int(owner.max()) + 1) + _draw_partition(scene, outlines, rng)
    numbers = np.unique(owner)[:_LARGEST_REGIONS]
    softness_px = draw_log_uniform(0.3, 0.02 * side_px(scene) + 0.5, rng)
    regions = np.stack(
        [ndimage.gaussian_filter((owner == number).astype(np.float64), softness_px) for number in numbers]
    )
    names = sorted({**MATRIX_PATTERNS, **SLIDE_PATTERNS})
    films = [draw_pattern(names[int(rng.integers(len(names)))], scene, source, rng) for _ in range(rng.integers(1, 4))]
    return Anatomy(
        regions=regions,
        brightness=rng.normal(0, rng.uniform(0.2, 1), len(numbers)),
        spread=float(rng.uniform(0.15, 0.9)),
        tissue=draw_tissue(scene, source, rng),
        films=tuple(films),
    )


def draw_gain(scene: Scene, rng: np.random.Generator) -> Field:
    """A factor for all ions of a dataset: any combination of sloping, uneven and striped."""
    gain = np.ones(shape_of(scene))
    if rng.random() < 0.35:
        gain = gain * draw_slope(shape_of(scene), rng.uniform(0.3, 2), rng)
    if rng.random() < 0.4:
        gain = gain * draw_unevenness(scene, rng.uniform(0.1, 0.5), rng)
    if rng.random() < 0.3:
        lines = np.exp(rng.uniform(0.1, 0.6) * rng.standard_normal(shape_of(scene)[0]))
        gain = gain * lines[:, np.newaxis]
    return np.asarray(gain)


def draw_anatomical(scene: Scene, anatomy: Anatomy, source: TextureSource, rng: np.random.Generator) -> Field:
    """An ion of the sample: each region with its own brightness, over the common texture."""
    weights = np.exp(anatomy.brightness + anatomy.spread * rng.standard_normal(len(anatomy.brightness)))
    if rng.random() < 0.25:
        weights = weights * (rng.random(len(weights)) < 0.5)
    signal = np.tensordot(weights, anatomy.regions, 1) + max(float(weights.max()), 1e-6) * draw_log_uniform(
        0.001, 0.2, rng
    )
    signal = signal * anatomy.tissue ** rng.uniform(0.3, 1.5)
    if rng.random() < 0.3:
        signal = signal * draw_tissue(scene, source, rng)
    matrix = draw_log_uniform(0.001, 0.5, rng) * np.where(scene.sample_mask, rng.uniform(0.5, 1), 1.0)
    return delocalise(unit_mean(signal * scene.sample_mask, scene.sample_mask), rng) + matrix * draw_matrix(
        scene, source, rng
    )


def draw_film_ion(scene: Scene, anatomy: Anatomy, source: TextureSource, rng: np.random.Generator) -> Field:
    """An ion of matrix or slide: one of the dataset's films, with changed contrast, over the anatomy."""
    film = anatomy.films[int(rng.integers(len(anatomy.films)))]
    changed = (film / max(float(film.mean()), 1e-12)) ** rng.uniform(0.7, 1.3) * draw_matrix(scene, source, rng) ** 0.5
    if rng.random() < 0.6:
        weights = np.exp(rng.uniform(0, 0.6) * rng.standard_normal(len(anatomy.brightness)))
        under = unit_mean(np.tensordot(weights, anatomy.regions, 1), scene.sample_mask)
        changed = changed * np.where(scene.sample_mask, under, 1.0)
    return np.asarray(changed)


def _draw_partition(scene: Scene, outlines: Sequence[Outline], rng: np.random.Generator) -> Owner:
    """Regions of one kind: adjacent fields, layers along the outline, an organ, or two halves."""
    kind = rng.choice(("fields", "layers", "organ", "halves"), p=(0.4, 0.2, 0.25, 0.15))
    shape, side = shape_of(scene), side_px(scene)
    if kind == "fields":
        scale_px = side * rng.uniform(0.08, 0.4)
        fields = [draw_smooth_field(shape, scale_px, rng) + rng.normal(0, 0.5) for _ in range(rng.integers(2, 5))]
        return np.asarray(np.argmax(fields, axis=0))
    if kind == "layers":
        depth = signed_depth(scene.sample_mask) if not scene.sample_mask.all() else _distance_from_a_point(shape, rng)
        depth = depth + rng.uniform(0, 0.05) * draw_smooth_field(shape, side * rng.uniform(0.05, 0.2), rng)
        edges = np.quantile(depth[scene.sample_mask], np.sort(rng.uniform(0.1, 0.9, int(rng.integers(1, 3)))))
        return np.asarray(np.digitize(depth, edges))
    if kind == "organ":
        return _place_organ(shape, outlines, rng)
    slope = np.log(draw_slope(shape, 1, rng))
    slope = slope + rng.uniform(0, 0.15) * draw_smooth_field(shape, side * rng.uniform(0.1, 0.3), rng)
    return np.asarray(np.digitize(slope, [np.quantile(slope, rng.uniform(0.15, 0.85))]))


def _distance_from_a_point(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    rows, columns = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    return np.asarray(np.hypot(rows - rng.uniform(0, shape[0]), columns - rng.uniform(0, shape[1])) / max(shape))


def _place_organ(shape: tuple[int, int], outlines: Sequence[Outline], rng: np.random.Generator) -> Owner:
    """The outline of another sample at a random size and position; the border may cut it."""
    mask = vary(outlines[int(rng.integers(len(outlines)))].sample_mask, rng)
    placed = np.zeros(shape, dtype=np.intp)
    if not mask.any():
        return placed
    trimmed = mask[ndimage.find_objects(mask.astype(np.uint8))[0]]
    zoom = rng.uniform(0.3, 1.2) * max(shape) / max(trimmed.shape)
    organ = ndimage.zoom(trimmed.astype(np.float32), zoom, order=1, grid_mode=True, mode="nearest") > 0.5
    starts = [
        int(rng.integers(-(own // 2), max(1, side - own // 2))) for side, own in zip(shape, organ.shape, strict=True)
    ]
    target, part = [], []
    for start, side, own in zip(starts, shape, organ.shape, strict=True):
        target.append(slice(max(0, start), min(side, start + own)))
        part.append(slice(target[-1].start - start, target[-1].stop - start))
    placed[tuple(target)] = organ[tuple(part)]
    return placed
