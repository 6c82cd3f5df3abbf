"""Folds over acquisitions: what is evaluated together, and what its networks may not have seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from training.acquisitions.acquisition import Acquisition, AreaTruth
from training.acquisitions.series import ListedAcquisition, list_acquisitions
from training.synthetic.sources import Sources

_ORDER: tuple[AreaTruth, ...] = ("absent", "present", "unknown")


@dataclass(frozen=True)
class AcquisitionFold:
    """Series that are held out together.

    Attributes
    ----------
    held_out_series
        Their names.
    held_out, kept
        Names of acquisitions, those that only give textures included; each is in one of the two.
    """

    held_out_series: tuple[str, ...]
    held_out: tuple[str, ...]
    kept: tuple[str, ...]

    def keep_sources(self, sources: Sources) -> Sources:
        """The outlines and those textures that a network of this fold may see.

        The outlines are of METASPACE's gold standard, which none of the acquisitions is in.
        """
        kept = [source for source in sources.texture_sources if source.name in self.kept]
        return Sources(sources.outlines, kept)

    def keep_acquisitions(self, acquisitions: Sequence[Acquisition]) -> list[Acquisition]:
        """Those that a network of this fold may see."""
        return [one for one in acquisitions if one.name in self.kept]


def leave_one_out(
    known: Sequence[ListedAcquisition] | None = None, *, folds: int | None = None
) -> list[AcquisitionFold]:
    """One fold for every series that holds an acquisition to judge; with `folds`, series share a fold.

    Series that only give textures are in no fold: every network may see them. Where series share a fold, those with,
    without and of unknown off-sample area are spread evenly.

    Raises
    ------
    InvalidInputError
        When fewer than two folds, or more than there are series, are asked for.
    """
    known = list_acquisitions() if known is None else known
    evaluated = _evaluated_series(known)
    count = len(evaluated) if folds is None else folds
    if not 2 <= count <= len(evaluated):
        raise InvalidInputError(f"expected 2 to {len(evaluated)} folds of {len(evaluated)} series, got {count}")
    return [_hold_out(known, tuple(sorted(evaluated[start::count]))) for start in range(count)]


def _evaluated_series(known: Sequence[ListedAcquisition]) -> list[str]:
    """Those with an acquisition that area_of something, by what they say and by name."""
    area_of: dict[str, AreaTruth] = {}
    for one in known:
        if not one.gives_textures or one.off_sample_area != "unknown":
            before = area_of.get(one.series, "unknown")
            area_of[one.series] = before if one.off_sample_area == "unknown" else one.off_sample_area
    return sorted(area_of, key=lambda series: (_ORDER.index(area_of[series]), series))


def _hold_out(known: Sequence[ListedAcquisition], series: tuple[str, ...]) -> AcquisitionFold:
    held_out = tuple(one.name for one in known if one.series in series)
    return AcquisitionFold(series, held_out, tuple(one.name for one in known if one.name not in held_out))


def find_folds(folds: Sequence[AcquisitionFold], names: Sequence[str]) -> npt.NDArray[np.intp]:
    """(N,) number of the fold that holds each acquisition out; -1 where none does."""
    place = {name: number for number, fold in enumerate(folds) for name in fold.held_out}
    return np.asarray([place.get(name, -1) for name in names], dtype=np.intp)
