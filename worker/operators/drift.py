"""Drift: whether recent datasets are distributed like those of a reference, by a two-sample test for each feature.

The datasets are the sample: ion images of one dataset are alike, so a test over images would find a difference
between any two weeks.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from statistics import median

from pydantic import BaseModel, computed_field

from model_store.profile import DatasetProfile
from shared.counting import count_of

FEWEST_DATASETS = 10
"""In the window and in what it is compared with; with fewer, only the largest differences could be told from chance."""

SIGNIFICANCE = 0.01
"""A corrected p-value below this is drift."""

FEATURES: dict[str, Callable[[DatasetProfile], float]] = {
    "low_probability": lambda profile: profile.probability_quantiles[0],
    "median_probability": lambda profile: profile.probability_quantiles[2],
    "high_probability": lambda profile: profile.probability_quantiles[4],
    "spread": lambda profile: profile.spread,
    "zero_share": lambda profile: profile.zero_share,
    "off_share": lambda profile: profile.off_share,
}
"""What is compared, each one number a dataset."""

_WORDS = {
    "low_probability": "the lowest off-sample probabilities (5 %)",
    "median_probability": "the median off-sample probability",
    "high_probability": "the highest off-sample probabilities (95 %)",
    "spread": "the spread of the members",
    "zero_share": "the share of pixels without signal",
    "off_share": "the share of off-sample images",
}


class Against(StrEnum):
    """What recent datasets are compared with."""

    RELEASE = "release"
    """The reference of the release."""
    EARLIER = "earlier"
    """The datasets before them."""

    def describe(self, datasets: int) -> str:
        """So many of these datasets, in words."""
        return f"the {datasets} {'in its reference' if self is Against.RELEASE else 'before them'}"


class DriftVerdict(StrEnum):
    """What the comparison says."""

    MOVED = "moved"
    UNMOVED = "unmoved"
    UNDECIDED = "undecided"
    """There are too few datasets."""


class FeatureDrift(BaseModel):
    """One feature of the datasets, in both samples."""

    feature: str
    before: float
    """Median over the datasets that are compared with."""
    now: float
    """Median over the recent datasets."""
    distance: float
    """Of the two distributions, 0 to 1: the statistic of the two-sample Kolmogorov-Smirnov test."""
    p_value: float
    """Of that test, times the number of features (Bonferroni)."""
    moved: bool

    def describe(self) -> str:
        """What moved, in words."""
        words = _WORDS[self.feature]
        if self.now == self.before:
            return f"{words} is distributed differently, with the same median {self.now:.3g} (p = {self.p_value:.2g})"
        direction = "rose" if self.now > self.before else "fell"
        return f"{words} {direction} from {self.before:.3g} to {self.now:.3g} (p = {self.p_value:.2g})"


class Drift(BaseModel):
    """Recent datasets of one release, compared with others of the same release."""

    release: str
    against: Against
    datasets: int
    """Recent ones."""
    compared_with: int
    """Datasets that they are compared with."""
    verdict: DriftVerdict
    features: list[FeatureDrift]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sentence(self) -> str:
        """The result in one sentence, without a full stop."""
        recent = f"{count_of(self.datasets, 'dataset')} of release {self.release}"
        samples = f"{recent} and {self.against.describe(self.compared_with)}"
        if self.verdict is DriftVerdict.UNDECIDED:
            return f"expected at least {FEWEST_DATASETS} datasets on both sides to compare, got {samples}"
        if self.verdict is DriftVerdict.UNMOVED:
            return f"nothing moved between {samples}"
        moved = sorted((one for one in self.features if one.moved), key=lambda one: one.p_value)
        return f"between {samples}, {'; '.join(one.describe() for one in moved)} (medians over datasets)"


def find_drift(
    release: str, recent: Sequence[DatasetProfile], others: Sequence[DatasetProfile], against: Against
) -> Drift:
    """Compare two samples of datasets, feature by feature."""
    features: list[FeatureDrift] = []
    verdict = DriftVerdict.UNDECIDED
    if min(len(recent), len(others)) >= FEWEST_DATASETS:
        features = [_compare(feature, recent, others) for feature in FEATURES]
        verdict = DriftVerdict.MOVED if any(one.moved for one in features) else DriftVerdict.UNMOVED
    return Drift(
        release=release,
        against=against,
        datasets=len(recent),
        compared_with=len(others),
        verdict=verdict,
        features=features,
    )


def _compare(feature: str, recent: Sequence[DatasetProfile], others: Sequence[DatasetProfile]) -> FeatureDrift:
    from scipy.stats import ks_2samp  # noqa: PLC0415 - it takes a second to import

    now, before = ([FEATURES[feature](profile) for profile in sample] for sample in (recent, others))
    found = ks_2samp(now, before)
    p_value = min(1.0, float(found.pvalue) * len(FEATURES))
    return FeatureDrift(
        feature=feature,
        before=median(before),
        now=median(now),
        distance=float(found.statistic),
        p_value=p_value,
        moved=p_value < SIGNIFICANCE,
    )
