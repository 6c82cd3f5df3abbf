"""Two releases on the same ion images of one dataset."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from worker.classification.classification import Classification
from worker.messages.results import Label, ResultRow


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ComparedIon(_Part):
    """One ion image that both releases classified."""

    annotation_id: str
    first_probability: float
    second_probability: float
    first_label: Label
    second_label: Label

    @property
    def difference(self) -> float:
        """How far the probabilities are apart."""
        return abs(self.first_probability - self.second_probability)


class ReleaseFindings(_Part):
    """What one release found in the dataset."""

    release: str
    classified: int
    off: int
    uncertain: int
    off_sample_area: str | None
    """None when the release does not predict it."""


class ReleaseComparison(_Part):
    """What two releases found, and where they differ."""

    dataset_id: str
    first: ReleaseFindings
    second: ReleaseFindings
    compared: int
    """Ion images that both classified."""
    other_label: int
    """Those of them to which the releases give different labels."""
    mean_difference: float | None
    """Of the probabilities, absolute; None when nothing was compared."""
    rank_correlation: float | None
    """Spearman's, of the probabilities; None when one release gives all images the same."""
    ions: list[ComparedIon]
    """The most different ones first."""


def compare_classifications(
    dataset_id: str, releases: tuple[str, str], found: tuple[Classification, Classification]
) -> ReleaseComparison:
    """Compare two classifications of the same ion images."""
    second_rows = {row.annotation_id: row for row in found[1].rows}
    pairs = [_pair(row, second_rows[row.annotation_id]) for row in found[0].rows]
    ions = sorted((ion for ion in pairs if ion is not None), key=lambda ion: ion.difference, reverse=True)
    first, second = (_describe(release, one) for release, one in zip(releases, found, strict=True))
    return ReleaseComparison(
        dataset_id=dataset_id,
        first=first,
        second=second,
        compared=len(ions),
        other_label=sum(ion.first_label != ion.second_label for ion in ions),
        mean_difference=float(np.mean([ion.difference for ion in ions])) if ions else None,
        rank_correlation=_correlate(ions),
        ions=ions,
    )


def _pair(first: ResultRow, second: ResultRow) -> ComparedIon | None:
    """Both results of one ion image; None when one release did not classify it."""
    if first.off_sample_probability is None or second.off_sample_probability is None:
        return None
    assert first.label is not None
    assert second.label is not None
    return ComparedIon(
        annotation_id=first.annotation_id,
        first_probability=first.off_sample_probability,
        second_probability=second.off_sample_probability,
        first_label=first.label,
        second_label=second.label,
    )


def _describe(release: str, found: Classification) -> ReleaseFindings:
    counts = found.counts
    return ReleaseFindings(
        release=release,
        classified=counts.classified,
        off=counts.off,
        uncertain=counts.uncertain,
        off_sample_area=found.off_sample_area,
    )


def _correlate(ions: Sequence[ComparedIon]) -> float | None:
    from scipy.stats import spearmanr  # noqa: PLC0415 - it takes a second to import

    first = [ion.first_probability for ion in ions]
    second = [ion.second_probability for ion in ions]
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(spearmanr(first, second).statistic)
