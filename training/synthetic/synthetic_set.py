"""Semi-synthetic sets: ion images labelled by their noise-free images."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.ion_image import IonImage
from shared.preprocessing import ALL_CHANNELS, INPUT_SIDE_PX, NetworkInputs, describe_missing_signal, preprocess
from shared.progress import ProgressCallback, follow, ignore_progress
from training.synthetic.measurement import simulate_measurement
from training.synthetic.mixture import Mixture
from training.synthetic.patterns.catalogue import draw_pattern
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE, Scene, draw_scene
from training.synthetic.sources import Sources

Label = Literal["on", "off"]
Group = tuple[str, str]
"""Sample mask and texture source."""

OFF_FROM_RATIO = 1.5
"""Mean outside over mean inside, noise-free, an ion is off-sample at or above this ratio."""

ON_UP_TO_RATIO = 0.67
"""On-sample at or below this ratio; between the two an ion is ambiguous and not trained on."""

_FEWEST_SIGNAL_PIXELS = 4
"""An image needs at least this many acquired pixels with signal."""

_BLOCK_IMAGES = 500
_DRAWING = f"drawing blocks of {_BLOCK_IMAGES} images"
_PROCESSES_PAY_FROM_BLOCKS = 4
"""Starting processes takes two seconds, too long for fewer blocks."""


@dataclass(frozen=True, eq=False)
class SyntheticImage:
    """One measured ion image with its ground truth."""

    ion_image: IonImage
    scene: Scene
    pattern: Field
    """(H, W), noise-free intensities, which determine the label."""

    pattern_name: str
    signal: str
    label: Label | None
    """None = ambiguous."""

    group: Group


@dataclass(frozen=True, eq=False)
class DrawnPattern:
    """Noise-free intensities of one ion, before they are measured."""

    name: str
    pattern: Field
    """(H, W)."""

    texture_name: str


@dataclass(frozen=True, eq=False)
class SyntheticSet:
    """N network inputs with labels, and how each was drawn."""

    inputs: NetworkInputs
    """(N, 56, 56, C) float32."""

    off: npt.NDArray[np.bool_]
    """(N,), True = off-sample."""

    groups: tuple[Group, ...]
    patterns: tuple[str, ...]
    scenes: tuple[str, ...]
    signals: tuple[str, ...]

    def digest(self) -> str:
        """SHA-256 of the labels and of the inputs in 256 levels: equal for equal images."""
        levels = np.rint(self.inputs * 255).astype(np.uint8)
        return hashlib.sha256(levels.tobytes() + self.off.tobytes()).hexdigest()


def label_pattern(pattern: Field, scene: Scene) -> Label | None:
    """The label of a noise-free image; None = ambiguous."""
    if scene.off_sample_share < LEAST_OFF_SAMPLE_SHARE:
        return "on"
    outside = float(pattern[scene.acquisition_mask & ~scene.sample_mask].mean())
    inside = float(pattern[scene.acquisition_mask & scene.sample_mask].mean())
    if outside >= OFF_FROM_RATIO * inside:
        return "off"
    return "on" if outside <= ON_UP_TO_RATIO * inside else None


def draw_any_images(sources: Sources, mixture: Mixture, rng: np.random.Generator) -> Iterator[SyntheticImage]:
    """An endless stream of images with signal, including ambiguous ones."""
    while True:
        outline = sources.outlines[int(rng.integers(len(sources.outlines)))]
        texture = sources.draw_texture_source(rng)
        image = draw_ion(draw_scene(outline, mixture, rng), texture, mixture, rng)
        if image is not None:
            yield image


def draw_ion(scene: Scene, texture: TextureSource, mixture: Mixture, rng: np.random.Generator) -> SyntheticImage | None:
    """One ion over a scene; None when too little signal was measured."""
    pattern_name, signal = mixture.patterns.draw(rng), mixture.signals.draw(rng)
    pattern = draw_pattern(pattern_name, scene, texture, rng)
    return measure_ion(DrawnPattern(pattern_name, pattern, texture.name), scene, signal, mixture, rng)


def measure_ion(
    drawn: DrawnPattern, scene: Scene, signal: str, mixture: Mixture, rng: np.random.Generator
) -> SyntheticImage | None:
    """Simulate the measurement of a pattern; None when too little signal was measured."""
    ion_image = simulate_measurement(drawn.pattern, scene.acquisition_mask, signal, mixture.artefacts, rng)
    shown = np.count_nonzero(ion_image.intensities) >= _FEWEST_SIGNAL_PIXELS
    if not shown or describe_missing_signal(ion_image) is not None:
        return None
    group = (scene.outline_name, drawn.texture_name)
    label = label_pattern(drawn.pattern, scene)
    return SyntheticImage(ion_image, scene, drawn.pattern, drawn.name, signal, label, group)


def draw_images(sources: Sources, mixture: Mixture, rng: np.random.Generator) -> Iterator[SyntheticImage]:
    """An endless stream of labelled images, without ambiguous ones."""
    return (image for image in draw_any_images(sources, mixture, rng) if image.label is not None)


def draw_set(
    sources: Sources,
    mixture: Mixture,
    images: int,
    seed: tuple[int, ...],
    on_progress: ProgressCallback = ignore_progress,
) -> SyntheticSet:
    """Draw and preprocess labelled images, in blocks with their own seeds, in one process per core.

    The result does not depend on the number of cores.
    """
    return draw_blocks(partial(_draw_block, sources, mixture, seed), images, on_progress)


def draw_blocks(
    draw: Callable[[int, int], SyntheticSet], images: int, on_progress: ProgressCallback = ignore_progress
) -> SyntheticSet:
    """Call `draw` with every block's number and size, and concatenate the results."""
    sizes = [min(_BLOCK_IMAGES, images - start) for start in range(0, images, _BLOCK_IMAGES)]
    numbers = range(len(sizes))
    if len(sizes) < _PROCESSES_PAY_FROM_BLOCKS:
        return concatenate(list(follow(map(draw, numbers, sizes), _DRAWING, len(sizes), on_progress)))
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as executor:
        return concatenate(list(follow(executor.map(draw, numbers, sizes), _DRAWING, len(sizes), on_progress)))


def _draw_block(sources: Sources, mixture: Mixture, seed: tuple[int, ...], block: int, images: int) -> SyntheticSet:
    rng = np.random.default_rng((*seed, block))
    inputs = np.empty((images, INPUT_SIDE_PX, INPUT_SIDE_PX, len(ALL_CHANNELS)), dtype=np.float32)
    drawn: list[SyntheticImage] = []
    for row, image in zip(range(images), draw_images(sources, mixture, rng), strict=False):
        inputs[row] = preprocess([image.ion_image])[0]
        drawn.append(image)
    return gather(drawn, inputs)


def gather(drawn: Sequence[SyntheticImage], inputs: NetworkInputs) -> SyntheticSet:
    """Make a set of labelled images and their network inputs."""
    return SyntheticSet(
        inputs=inputs,
        off=np.asarray([image.label == "off" for image in drawn], dtype=np.bool_),
        groups=tuple(image.group for image in drawn),
        patterns=tuple(image.pattern_name for image in drawn),
        scenes=tuple(image.scene.kind for image in drawn),
        signals=tuple(image.signal for image in drawn),
    )


def concatenate(blocks: Sequence[SyntheticSet]) -> SyntheticSet:
    """Concatenate several sets in order."""
    return SyntheticSet(
        inputs=np.concatenate([block.inputs for block in blocks]),
        off=np.concatenate([block.off for block in blocks]),
        groups=tuple(chain.from_iterable(block.groups for block in blocks)),
        patterns=tuple(chain.from_iterable(block.patterns for block in blocks)),
        scenes=tuple(chain.from_iterable(block.scenes for block in blocks)),
        signals=tuple(chain.from_iterable(block.signals for block in blocks)),
    )
