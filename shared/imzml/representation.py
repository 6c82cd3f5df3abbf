"""Whether spectra are centroids or profiles: what a file declares, and what its numbers resemble."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_BY_ACCESSION: Final = {"MS:1000127": "centroid", "MS:1000128": "profile"}
_NAME: Final = re.compile(r"(centroid|discrete|profile|continuum)(?: mass)? spectrum")
_MEANINGS: Final = {"centroid": "centroid", "discrete": "centroid", "profile": "profile", "continuum": "profile"}

_REGULAR: Final = (0.8, 1.25)
"""Range of the ratio of two neighbouring steps in m/z that count as equal, as in a profile."""

_MIN_REGULAR_SHARE: Final = 0.4
"""Share of equal steps in a profile: nearly all, or half where zeros are left out. Random peaks have 0.11."""

_WIDEST_STEP: Final = 5e-4
"""Widest step between points of a profile, relative to m/z; peaks at every nominal mass are further apart."""


@dataclass
class RepresentationClaims:
    """What the cvParams of a file declare.

    Attributes
    ----------
    consistent
        Declarations whose accession and name agree.
    inconsistent
        Declarations of an accession with another term's name, or of a name with another term's accession.
    misnamed
        The first such pair of accession and name.
    """

    consistent: set[str] = field(default_factory=set)
    inconsistent: set[str] = field(default_factory=set)
    misnamed: tuple[str, str] | None = None

    def add(self, accession: str, name: str) -> None:
        """Add one cvParam; most are about something else."""
        plain = name.strip().lower()
        by_accession = _BY_ACCESSION.get(accession)
        if by_accession is None:
            found = _NAME.fullmatch(plain)
            by_name = {_MEANINGS[found[1]]} if found else set()
        else:
            by_name = {meaning for word, meaning in _MEANINGS.items() if word in plain}
        if by_accession is not None and by_name <= {by_accession} and (by_name or not plain):
            self.consistent.add(by_accession)
        elif by_accession is not None or by_name:
            self.inconsistent |= by_name | ({by_accession} if by_accession else set())
            self.misnamed = self.misnamed or (accession[:40], name[:60])

    @property
    def is_unambiguous(self) -> bool:
        """Whether the declarations agree, or there is none."""
        return len(self.consistent) == 1 or not (self.consistent or self.inconsistent)

    @property
    def is_centroid(self) -> bool:
        """Whether the consistent declarations are of centroids; False where there are none."""
        return self.consistent == {"centroid"}


def resemble_centroids(spectra: list[npt.NDArray[Any]]) -> bool:
    """Whether sorted m/z arrays, (K,) each, are centroids: in a profile neighbouring steps are equal."""
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
