"""Whole semi-synthetic datasets: many ions over one scene, in the on/off mixtures that are seen in practice."""

from dataclasses import dataclass

import numpy as np

from shared.ion_image import IonImage
from shared.preprocessing import describe_missing_signal
from training.synthetic.dataset import LEAST_OFF_SAMPLE_SHARE, Group, Label, label_pattern
from training.synthetic.measurement import measure
from training.synthetic.patterns import draw_pattern
from training.synthetic.random_field import Field
from training.synthetic.scene import Scene, draw_scene
from training.synthetic.sources import Sources
from training.synthetic.textures import TextureSource

_OFF_SHARE_RANGE = (0.01, 0.95)
_OFF_SHARE_BETA = (1.3, 1.7)
"""Off share of a dataset: METASPACE's gold standard has 9,909 off images of 23,238, and datasets from nearly none to
nearly all; this beta distribution has the median .42."""

_FEWEST_SIGNAL_PIXELS = 8
_TRIES = 40
"""Patterns drawn for one ion before one of the other label is taken: a small sample can make one label rare."""


@dataclass(frozen=True, eq=False)
class WholeDataset:
    """One acquisition with all its ions, and the truth about each."""

    name: str
    scene: Scene
    ion_images: tuple[IonImage, ...]
    """N, all of the scene's shape, each with something to recognise."""

    labels: tuple[Label | None, ...]
    """N; None = neither clearly on nor clearly off."""

    patterns: tuple[Field, ...]
    """N noise-free images, (H, W), that the labels are taken from."""

    group: Group

    @property
    def has_off_sample_area(self) -> bool:
        """Whether enough of the acquisition is off-sample for an ion to be off at all."""
        return self.scene.off_sample_share >= LEAST_OFF_SAMPLE_SHARE


def draw_whole_dataset(
    sources: Sources, ions: int, rng: np.random.Generator, *, off_share: float | None = None
) -> WholeDataset:
    """A scene, a texture source, and `ions` ion images.

    Parameters
    ----------
    off_share
        Share of the labelled ions meant to be off, in [0, 1]; drawn when None. Where nearly nothing of the
        acquisition is off-sample, every ion is on.
    """
    outline = sources.outlines[int(rng.integers(len(sources.outlines)))]
    texture = sources.draw_texture_source(rng)
    scene = draw_scene(outline, rng)
    wanted_share = _draw_off_share(rng) if off_share is None else off_share
    if scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
        wanted_share = 0.0
    drawn = [_draw_ion(scene, texture, "off" if rng.random() < wanted_share else "on", rng) for _ in range(ions)]
    ion_images, labels, patterns = zip(*drawn, strict=True) if drawn else ((), (), ())
    name = f"semi-synthetic {outline.name} {texture.name}"
    return WholeDataset(name, scene, ion_images, labels, patterns, (outline.name, texture.name))


def _draw_off_share(rng: np.random.Generator) -> float:
    return float(np.clip(rng.beta(*_OFF_SHARE_BETA), *_OFF_SHARE_RANGE))


def _draw_ion(
    scene: Scene, texture: TextureSource, wanted: Label, rng: np.random.Generator
) -> tuple[IonImage, Label | None, Field]:
    """An ion of the wanted label or an ambiguous one, as often as they come; never one without signal."""
    tries = 0
    while True:
        tries += 1
        pattern = draw_pattern(scene, texture, rng)
        label = label_pattern(pattern, scene)
        if label not in (wanted, None) and tries < _TRIES:
            continue
        ion_image = measure(pattern, scene.acquisition_mask, rng)
        shown = np.count_nonzero(ion_image.intensities) >= _FEWEST_SIGNAL_PIXELS
        if shown and describe_missing_signal(ion_image) is None:
            return ion_image, label, pattern
