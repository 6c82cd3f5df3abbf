"""Families: datasets whose names say that they may be of one sample or one series.

The rule: the part of a name before `//` or `__` (a laboratory) is dropped; the rest is cut into words at every change
between letters and anything else; numbers, single letters, units, and words for processing or for the place in a
series (`recal`, `centroid`, `section`, …) are dropped; what is left, in lower case and alphabetical order, is the
family. So `Dataset 3`, `Dataset 3_recal` and `Dataset 16` are one family, and so are `AstraZeneca//CT26_xenograft` and
`xenograft CT-26 S10`: it rather joins strangers than parts sisters. A name of which nothing is left is its own family.
"""

import re

_LABORATORY = re.compile(r"^.*(?://|__)(?=.)")
_WORD = re.compile(r"[a-z]+")
_PLACE = frozenset({"section", "sections", "slide", "slice", "replicate", "rep", "repeat", "copy", "part"})
_PROCESSING = frozenset(
    {"recal", "recalibrated", "centroid", "centroids", "centroided", "profile", "corrected", "rms", "new", "test"}
    | {"total", "ion", "count", "tic", "submission", "resubmission"}
)
_UNITS = frozenset({"um", "nm", "mm", "px", "ppm", "da"})
_DROPPED = _PLACE | _PROCESSING | _UNITS


def name_family(dataset: str) -> str:
    """The family of a dataset, by its name alone."""
    words = _WORD.findall(_LABORATORY.sub("", dataset).lower())
    return " ".join(sorted({word for word in words if len(word) > 1 and word not in _DROPPED})) or dataset
