"""Whole semi-synthetic datasets: many ions over one scene, with realistic shares of on and off."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from shared.ion_image import IonImage
from training.synthetic.correlated_ions import CorrelatedIons
from training.synthetic.mixture import Mixture
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE, Scene, draw_scene
from training.synthetic.sources import Sources
from training.synthetic.synthetic_set import Group, Label, SyntheticImage, draw_ion

_OFF_SHARE_RANGE = (0.01, 0.95)
OFF_SHARE_BETA = (1.3, 1.7)
"""Off share of a dataset: METASPACE's gold standard has 9,909 off images of 23,238, and datasets from nearly none to
nearly all; this beta distribution has the median .42."""

_TRIES = 12
"""Tries to draw an ion of the wanted label before another is accepted: a small sample can make one label rare."""


_MOST_TRIES = 300
"""Tries to draw an ion before its scene is given up: in a rare scene hardly any ion leaves a signal."""


DrawIon = Callable[[np.random.Generator], SyntheticImage | None]
"""One ion of a dataset; None when too little signal was measured."""


@dataclass(frozen=True, eq=False)
class WholeDataset:
    """One acquisition with all its ions and their ground truth."""

    name: str
    scene: Scene
    images: tuple[SyntheticImage, ...]
    """N, all of the scene's shape, each with enough signal."""

    group: Group

    @property
    def ion_images(self) -> list[IonImage]:
        """N, as measured."""
        return [image.ion_image for image in self.images]

    @property
    def labels(self) -> list[Label | None]:
        """N; None = ambiguous."""
        return [image.label for image in self.images]

    @property
    def has_off_sample_area(self) -> bool:
        """Whether enough of the acquisition is off-sample for an ion to be off at all."""
        return self.scene.off_sample_share >= LEAST_OFF_SAMPLE_SHARE


def draw_whole_dataset(
    sources: Sources, mixture: Mixture, ions: int, rng: np.random.Generator, *, off_share: float | None = None
) -> WholeDataset:
    """A scene, a texture source, and `ions` ion images.

    Parameters
    ----------
    off_share
        Target share of off among the labelled ions, in [0, 1]; drawn when None. Without enough off-sample area
        every ion is on.
    """
    while True:
        found = _try_scene(sources, mixture, ions, rng, off_share)
        if found is not None:
            return found


def _try_scene(
    sources: Sources, mixture: Mixture, ions: int, rng: np.random.Generator, off_share: float | None
) -> WholeDataset | None:
    """A dataset over a new scene; None when an ion of it leaves no signal."""
    outline = sources.outlines[int(rng.integers(len(sources.outlines)))]
    texture = sources.draw_texture_source(rng)
    scene = draw_scene(outline, mixture, rng)
    wanted_share = _draw_off_share(rng) if off_share is None else off_share
    if scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
        wanted_share = 0.0
    wanted: list[Label] = ["off" if rng.random() < wanted_share else "on" for _ in range(ions)]
    draw: DrawIon = partial(draw_ion, scene, texture, mixture)
    if mixture.datasets is not None:
        draw = CorrelatedIons(scene, texture, mixture, mixture.datasets, sources.outlines, rng).draw
    images: list[SyntheticImage] = []
    for label in wanted:
        image = _draw_wanted(draw, label, rng)
        if image is None:
            return None
        images.append(image)
    name = f"semi-synthetic {outline.name} {texture.name}"
    return WholeDataset(name, scene, tuple(images), (outline.name, texture.name))


def _draw_off_share(rng: np.random.Generator) -> float:
    return float(np.clip(rng.beta(*OFF_SHARE_BETA), *_OFF_SHARE_RANGE))


def _draw_wanted(draw: DrawIon, label: Label, rng: np.random.Generator) -> SyntheticImage | None:
    """An ion with signal that has the wanted label or is ambiguous; None when no ion leaves a signal."""
    for tries in range(1, _MOST_TRIES + 1):
        image = draw(rng)
        if image is not None and (image.label in (label, None) or tries >= _TRIES):
            return image
    return None
