"""Semi-synthetic sets: ion images with a label that is known because the noise-free image is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.ion_image import IonImage
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs, describe_missing_signal, preprocess
from training.synthetic.measurement import measure
from training.synthetic.patterns import draw_pattern
from training.synthetic.random_field import Field
from training.synthetic.scene import Scene, draw_scene
from training.synthetic.sources import Sources

Label = Literal["on", "off"]
Group = tuple[str, str]
"""Sample mask and texture source."""

OFF_FROM_RATIO = 1.5
"""Mean outside over mean inside, noise-free, at and above which an ion is off-sample."""

ON_UP_TO_RATIO = 0.67
"""The same, at and below which an ion is on-sample; between the two it is ambiguous and not trained on."""

LEAST_OFF_SAMPLE_SHARE = 0.02
"""Share of off-sample pixels among the acquired ones under which nothing can be called off."""

_FEWEST_SIGNAL_PIXELS = 8
"""Acquired pixels with signal that an image must have to show anything."""


@dataclass(frozen=True, eq=False)
class SyntheticImage:
    """One measured ion image and the truth about it."""

    ion_image: IonImage
    scene: Scene
    pattern: Field
    """(H, W), the noise-free intensities that the label is taken from."""

    label: Label
    group: Group


@dataclass(frozen=True, eq=False)
class SyntheticSet:
    """Network inputs with labels."""

    inputs: NetworkInputs
    """(N, 56, 56) float32."""

    off: npt.NDArray[np.bool_]
    """(N,), True = off-sample."""

    groups: tuple[Group, ...]


def label_pattern(pattern: Field, scene: Scene) -> Label | None:
    """What a noise-free image is: off, on, or None when it is neither clearly."""
    if scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
        return "on"
    outside = float(pattern[scene.acquisition_mask & ~scene.sample_mask].mean())
    inside = float(pattern[scene.acquisition_mask & scene.sample_mask].mean())
    if outside >= OFF_FROM_RATIO * inside:
        return "off"
    return "on" if outside <= ON_UP_TO_RATIO * inside else None


def draw_images(sources: Sources, rng: np.random.Generator) -> Iterator[SyntheticImage]:
    """Endless labelled images; the ambiguous and the empty are left out."""
    while True:
        outline = sources.outlines[int(rng.integers(len(sources.outlines)))]
        texture = sources.draw_texture_source(rng)
        scene = draw_scene(outline, rng)
        pattern = draw_pattern(scene, texture, rng)
        label = label_pattern(pattern, scene)
        ion_image = measure(pattern, scene.acquisition_mask, rng)
        shown = np.count_nonzero(ion_image.intensities) >= _FEWEST_SIGNAL_PIXELS
        if label is not None and shown and describe_missing_signal(ion_image) is None:
            yield SyntheticImage(ion_image, scene, pattern, label, (outline.name, texture.name))


def draw_set(sources: Sources, images: int, rng: np.random.Generator) -> SyntheticSet:
    """The first `images` of `draw_images`, preprocessed."""
    inputs = np.empty((images, INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32)
    off = np.empty(images, dtype=np.bool_)
    groups: list[Group] = []
    for row, image in zip(range(images), draw_images(sources, rng), strict=False):
        inputs[row] = preprocess([image.ion_image])[0]
        off[row] = image.label == "off"
        groups.append(image.group)
    return SyntheticSet(inputs, off, tuple(groups))
