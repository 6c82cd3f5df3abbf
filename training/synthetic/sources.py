"""Sources: the outlines and textures that a set is made from, and their split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthetic.patterns.textures import TextureSource, load_texture_sources
from training.synthetic.scenes.outlines import Outline, load_outlines

_VALIDATION_SHARE = 0.2
_SPLIT_SEED = 20261101
"""Fixed, so that no fit is validated on sources that another was trained on."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Outlines and textures, to be combined freely."""

    outlines: Sequence[Outline]
    texture_sources: Sequence[TextureSource]

    def draw_texture_source(self, rng: np.random.Generator) -> TextureSource:
        """One source; all families are equally likely, regardless of size."""
        families = sorted({source.family for source in self.texture_sources})
        family = families[rng.integers(len(families))]
        members = [source for source in self.texture_sources if source.family == family]
        return members[rng.integers(len(members))]


def load_sources() -> Sources:
    """All outlines and texture sources in training/data."""
    return Sources(load_outlines(), load_texture_sources())


def split_sources(sources: Sources) -> tuple[Sources, Sources]:
    """Training and validation sources, which share no family of outlines or textures."""
    outline_families = _held_out({outline.family for outline in sources.outlines})
    texture_families = _held_out({source.family for source in sources.texture_sources})
    parts = [
        Sources(
            [outline for outline in sources.outlines if (outline.family in outline_families) is held_out],
            [source for source in sources.texture_sources if (source.family in texture_families) is held_out],
        )
        for held_out in (False, True)
    ]
    return parts[0], parts[1]


def _held_out(families: set[str]) -> set[str]:
    """About a fifth of the families, at least one."""
    ordered = sorted(families)
    picked = np.random.default_rng(_SPLIT_SEED).permutation(len(ordered))
    return {ordered[index] for index in picked[: max(1, round(_VALIDATION_SHARE * len(ordered)))]}
