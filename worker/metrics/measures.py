"""What is measured while one dataset is classified."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_store.profile import DatasetProfile
from worker.messages.results import Counts


@dataclass(frozen=True)
class Measures:
    """One classified dataset in numbers."""

    release: str
    counts: Counts
    queued_seconds: float
    fetch_seconds: float
    preprocess_seconds: float
    predict_seconds: float
    batches: Sequence[int]
    """Network inputs per call of the predictor."""
    probabilities: Sequence[float]
    """Of the classified ion images."""
    without_mask: int
    """Classified ion images in which every pixel counts as measured."""
    lacks_context: bool
    """Whether the release uses the context of the dataset, and there was none."""
    profile: DatasetProfile | None = None
    """None when no ion image was classified."""


@dataclass(frozen=True)
class ShadowMeasures:
    """How a shadow release differs from the one that answered, on one dataset."""

    release: str
    shadow: str
    compared: int
    """Ion images that both classified."""
    other_label: int
    difference: float
    """Sum of the absolute differences of the probabilities."""
