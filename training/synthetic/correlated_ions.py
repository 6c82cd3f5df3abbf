"""Correlated ions: the ions of one dataset share anatomy, films, gain and signal level, as in real acquisitions."""

from collections.abc import Sequence

import numpy as np

from training.synthetic.mixture import Mixture, SharedInDatasets
from training.synthetic.patterns.anatomy import Anatomy, draw_anatomical, draw_anatomy, draw_film_ion, draw_gain
from training.synthetic.patterns.catalogue import draw_pattern
from training.synthetic.patterns.textures import TextureSource
from training.synthetic.random_field import Field
from training.synthetic.scenes.outlines import Outline
from training.synthetic.scenes.scene import LEAST_OFF_SAMPLE_SHARE, Scene
from training.synthetic.synthetic_set import DrawnPattern, SyntheticImage, measure_ion

_SAME_SIGNAL_SHARE = 0.7
"""Share of ions at the common signal level, in a dataset that has one."""


class CorrelatedIons:
    """Draws the ions of one dataset: its anatomy, gain and signal level are drawn once."""

    def __init__(
        self,
        scene: Scene,
        texture: TextureSource,
        mixture: Mixture,
        shared: SharedInDatasets,
        outlines: Sequence[Outline],
        rng: np.random.Generator,
    ) -> None:
        self._scene, self._texture, self._mixture, self._shared = scene, texture, mixture, shared
        self._anatomy: Anatomy | None = None
        if rng.random() < shared.anatomy:
            self._anatomy = draw_anatomy(scene, outlines, texture, rng)
        self._gain: Field | float = draw_gain(scene, rng) if rng.random() < shared.gain else 1.0
        self._signal = mixture.signals.draw(rng) if rng.random() < shared.signal else None

    def draw(self, rng: np.random.Generator) -> SyntheticImage | None:
        """One ion; None when too little signal was measured."""
        name, pattern = self._draw_pattern(rng)
        signal = self._mixture.signals.draw(rng)
        if self._signal is not None and rng.random() < _SAME_SIGNAL_SHARE:
            signal = self._signal
        drawn = DrawnPattern(name, np.asarray(pattern * self._gain), self._texture.name)
        return measure_ion(drawn, self._scene, signal, self._mixture, rng)

    def _draw_pattern(self, rng: np.random.Generator) -> tuple[str, Field]:
        if self._anatomy is None or rng.random() >= self._shared.anatomical:
            name = self._mixture.patterns.draw(rng)
            return name, draw_pattern(name, self._scene, self._texture, rng)
        if self._scene.off_sample_share >= LEAST_OFF_SAMPLE_SHARE and rng.random() < 0.5:
            return "film", draw_film_ion(self._scene, self._anatomy, self._texture, rng)
        return "anatomical", draw_anatomical(self._scene, self._anatomy, self._texture, rng)
