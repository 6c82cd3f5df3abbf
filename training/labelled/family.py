"""Families: datasets whose names suggest the same sample or series.

The rule: the part of a name before `//` or `__` (a laboratory) is dropped; the rest is cut into words at every change
between letters and anything else; numbers, single letters, units, and words for processing or for the position in a
series (`recal`, `centroid`, `section`, …) are dropped; the rest, in lower case and alphabetical order, is the family.
So `Dataset 3`, `Dataset 3_recal` and `Dataset 16` are one family, and so are `AstraZeneca//CT26_xenograft` and
`xenograft CT-26 S10`: it errs towards joining unrelated datasets. A name with nothing left is its own family.
"""

import re

_LABORATORY = re.compile(r"^.*(?://|__)(?=.)")
_WORD = re.compile(r"[a-z]+")
_POSITION = frozenset({"section", "sections", "slide", "slice", "replicate", "rep", "repeat", "copy", "part"})
_PROCESSING = frozenset(
    {"recal", "recalibrated", "centroid", "centroids", "centroided", "profile", "corrected", "rms", "new", "test"}
    | {"total", "ion", "count", "tic", "submission", "resubmission"}
)
_UNITS = frozenset({"um", "nm", "mm", "px", "ppm", "da"})
_DROPPED = _POSITION | _PROCESSING | _UNITS


def name_family(dataset: str) -> str:
    """The family of a dataset, from its name alone."""
    words = _WORD.findall(_LABORATORY.sub("", dataset).lower())
    return " ".join(sorted({word for word in words if len(word) > 1 and word not in _DROPPED})) or dataset
