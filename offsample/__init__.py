"""Off-sample recognition for imaging mass spectrometry, in Python and notebooks (docs/python.md).

    >>> import offsample
    >>> result = offsample.classify("brain.imzML", ppm=5)
    >>> result.to_pandas()

Errors are classes of `shared.errors`, all below `OffSampleError`; each is one sentence.
"""

from offsample.classifying import classify
from offsample.result import Result
from shared.errors import OffSampleError

__all__ = ["OffSampleError", "Result", "classify"]
