"""Folds over acquisitions: which are evaluated together, and which their networks may be trained on."""

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
    """One fold: series that are held out together.

    Attributes
    ----------
    held_out_series
        Their names.
    held_out, kept
        Names of acquisitions, including those used only for textures; each is in one of the two.
    """

    held_out_series: tuple[str, ...]
    held_out: tuple[str, ...]
    kept: tuple[str, ...]

    def keep_sources(self, sources: Sources) -> Sources:
        """The outlines and the textures that a network of this fold may be trained on.

        The outlines come from METASPACE's gold standard, which contains none of the acquisitions.
        """
        kept = [source for source in sources.texture_sources if source.name in self.kept]
        return Sources(sources.outlines, kept)

    def keep_acquisitions(self, acquisitions: Sequence[Acquisition]) -> list[Acquisition]:
        """The acquisitions that a network of this fold may be trained on."""
        return [one for one in acquisitions if one.name in self.kept]


def leave_one_out(
    listed: Sequence[ListedAcquisition] | None = None, *, folds: int | None = None
) -> list[AcquisitionFold]:
    """One fold per series that has an acquisition to evaluate; with `folds`, series share a fold.

    Series used only for textures are in no fold: every network may be trained on them. Where series share a fold,
    those with, without and of unknown off-sample area are spread evenly.

    Raises
    ------
    InvalidInputError
        When `folds` is less than two or more than the number of series.
    """
    listed = list_acquisitions() if listed is None else listed
    evaluated = _evaluated_series(listed)
    count = len(evaluated) if folds is None else folds
    if not 2 <= count <= len(evaluated):
        raise InvalidInputError(f"expected 2 to {len(evaluated)} folds of {len(evaluated)} series, got {count}")
    return [_hold_out(listed, tuple(sorted(evaluated[start::count]))) for start in range(count)]


def _evaluated_series(listed: Sequence[ListedAcquisition]) -> list[str]:
    """Series with an acquisition that can be evaluated, sorted by off-sample area and name."""
    area_of: dict[str, AreaTruth] = {}
    for one in listed:
        if not one.is_texture_source or one.off_sample_area != "unknown":
            before = area_of.get(one.series, "unknown")
            area_of[one.series] = before if one.off_sample_area == "unknown" else one.off_sample_area
    return sorted(area_of, key=lambda series: (_ORDER.index(area_of[series]), series))


def _hold_out(listed: Sequence[ListedAcquisition], series: tuple[str, ...]) -> AcquisitionFold:
    held_out = tuple(one.name for one in listed if one.series in series)
    return AcquisitionFold(series, held_out, tuple(one.name for one in listed if one.name not in held_out))


def find_folds(folds: Sequence[AcquisitionFold], names: Sequence[str]) -> npt.NDArray[np.intp]:
    """(N,) number of the fold that holds each acquisition out; -1 where none does."""
    fold_of = {name: number for number, fold in enumerate(folds) for name in fold.held_out}
    return np.asarray([fold_of.get(name, -1) for name in names], dtype=np.intp)
