"""Whether spectra are centroids (lists of peaks) or profiles: what a file claims, and what its numbers look like."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_BY_ACCESSION: Final = {"MS:1000127": "centroid", "MS:1000128": "profile"}
_NAME: Final = re.compile(r"(centroid|discrete|profile|continuum)(?: mass)? spectrum")
_WORDS: Final = {"centroid": "centroid", "discrete": "centroid", "profile": "profile", "continuum": "profile"}

_REGULAR: Final = (0.8, 1.25)
"""Two steps between neighbouring points are equal, as in a profile, when one is so many times the other."""

_MIN_REGULAR_SHARE: Final = 0.4
"""Share of equal steps in a profile: nearly all, or half where zeros are left out. Of random peaks it is 0.11."""

_WIDEST_STEP: Final = 5e-4
"""Step between the points of a profile, as a share of the m/z; peaks at every nominal mass lie further apart."""


@dataclass
class RepresentationClaims:
    """What the cvParams of a file claim.

    Attributes
    ----------
    sound
        Claims whose accession and name agree.
    doubtful
        Claims of an accession whose name says something else, or of a name whose accession does.
    misnamed
        The first such pair of accession and name.
    """

    sound: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    misnamed: tuple[str, str] | None = None

    def take(self, accession: str, name: str) -> None:
        """Take note of one cvParam; most claim nothing."""
        plain = name.strip().lower()
        by_accession = _BY_ACCESSION.get(accession)
        if by_accession is None:
            found = _NAME.fullmatch(plain)
            by_name = {_WORDS[found[1]]} if found else set()
        else:
            by_name = {meaning for word, meaning in _WORDS.items() if word in plain}
        if by_accession is not None and by_name <= {by_accession} and (by_name or not plain):
            self.sound.add(by_accession)
        elif by_accession is not None or by_name:
            self.doubtful |= by_name | ({by_accession} if by_accession else set())
            self.misnamed = self.misnamed or (accession[:40], name[:60])

    @property
    def is_unambiguous(self) -> bool:
        """Whether the claims agree, or there is none."""
        return len(self.sound) == 1 or not (self.sound or self.doubtful)

    @property
    def is_centroid(self) -> bool:
        """What settled claims say; profile where there is none."""
        return self.sound == {"centroid"}


def resemble_centroids(spectra: list[npt.NDArray[Any]]) -> bool:
    """Whether m/z arrays, (K,) each and sorted, are those of peak lists: in a profile neighbouring steps are equal."""
    steps, regular, wide = 0, 0, 0
    for mz in spectra:
        values = mz.astype(np.float64)
        with np.errstate(all="ignore"):
            step = np.diff(values)
            ratio = step[1:] / step[:-1]
            regular += int(np.count_nonzero((ratio >= _REGULAR[0]) & (ratio <= _REGULAR[1])))
            wide += int(np.count_nonzero(~(step[1:] <= _WIDEST_STEP * values[1:-1])))
        steps += len(ratio)
    return regular < _MIN_REGULAR_SHARE * steps or 2 * wide > steps
