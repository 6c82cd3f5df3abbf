"""Semi-synthetic ion images written in the gold-standard layout: to try the commands without the gold standard."""

from pathlib import Path

import imagecodecs
import numpy as np

from shared.errors import InvalidInputError
from shared.ion_image import IonImage
from shared.progress import ProgressCallback, follow, ignore_progress
from training.synthetic.mixture import Mixture, load_training_mixture
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.scenes.outlines import Outline
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE, Scene, draw_scene
from training.synthetic.sources import Sources
from training.synthetic.synthetic_set import Label, draw_ion

_ADDUCTS = ("+H", "+Na", "+K")
_LEAST_OFF_SAMPLE_SHARE = 5 * LEAST_OFF_SAMPLE_SHARE
"""Gold-standard datasets were chosen to contain off-sample area."""


def write_gold_standard_like(
    root: Path,
    sources: Sources,
    *,
    datasets: int,
    images: int,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
) -> list[tuple[str, int, int]]:
    """Write `root/raw_images/<dataset>/{on,off}/<ion>.png`, 8-bit grey with alpha; one scene and texture per dataset.

    Returns
    -------
    Name and numbers of on and off images of every dataset.

    Raises
    ------
    InvalidInputError
        When `root` is not empty, or there are more datasets than outlines.
    """
    if root.exists() and any(root.iterdir()):
        raise InvalidInputError(f"expected a new or empty folder, got {root}")
    if datasets > len(sources.outlines):
        raise InvalidInputError(f"expected at most {len(sources.outlines)} datasets, got {datasets}")
    rng, mixture = np.random.default_rng(seed), load_training_mixture()
    outlines = rng.choice(len(sources.outlines), datasets, replace=False)
    written = []
    for index in follow(outlines, "writing datasets", datasets, on_progress):
        outline = sources.outlines[index]
        texture = sources.draw_texture_source(rng)
        scene = _draw_scene_with_slide(outline, mixture, rng)
        name = f"semi-synthetic_{outline.name}_{texture.name}"
        written.append(_write_dataset(root / "raw_images" / name, scene, texture, mixture, images, rng))
    return written


def _draw_scene_with_slide(outline: Outline, mixture: Mixture, rng: np.random.Generator) -> Scene:
    while True:
        scene = draw_scene(outline, mixture, rng)
        if scene.off_sample_share >= _LEAST_OFF_SAMPLE_SHARE:
            return scene


def _write_dataset(
    folder: Path, scene: Scene, texture: TextureSource, mixture: Mixture, images: int, rng: np.random.Generator
) -> tuple[str, int, int]:
    counts: dict[Label, int] = {"on": 0, "off": 0}
    for label in counts:
        (folder / label).mkdir(parents=True)
    while sum(counts.values()) < images:
        image = draw_ion(scene, texture, mixture, rng)
        if image is None or image.label is None:
            continue
        ion = _name_ion(sum(counts.values()))
        (folder / image.label / f"{ion}.png").write_bytes(encode_8_bit(image.ion_image))
        counts[image.label] += 1
    return folder.name, counts["on"], counts["off"]


def encode_8_bit(ion_image: IonImage) -> bytes:
    """Grey scaled to the image's maximum, and alpha = acquisition mask, 8 bits each, as in the gold standard."""
    peak = float(ion_image.intensities.max())
    grey = np.rint(ion_image.intensities.astype(np.float64) * (255 / peak if peak > 0 else 0)).astype(np.uint8)
    alpha = np.where(ion_image.acquisition_mask, 255, 0).astype(np.uint8)
    return bytes(imagecodecs.png_encode(np.stack([grey, alpha], axis=-1)))


def _name_ion(number: int) -> str:
    """A formula and an adduct, unique per number; without chemical meaning."""
    carbons, adduct = divmod(number, len(_ADDUCTS))
    return f"C{carbons + 2}H{2 * carbons + 4}O{1 + carbons % 7}{_ADDUCTS[adduct]}"
