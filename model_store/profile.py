"""The profile of a dataset: its predictions and ion images in a few numbers, so that many datasets can be compared."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from shared.ion_image import IonImage

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_DECIMALS = 6

Share = Annotated[float, Field(ge=0, le=1)]


class DatasetProfile(BaseModel):
    """Numbers over the classified ion images of one dataset."""

    model_config = ConfigDict(
        strict=True, extra="ignore", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    images: int = Field(ge=1)
    """Classified ion images."""

    probability_quantiles: tuple[Share, Share, Share, Share, Share]
    """Off-sample probability that 5, 25, 50, 75 and 95 % of them do not exceed."""

    spread: float = Field(ge=0)
    """Mean of their member_spread."""

    zero_share: Share
    """Acquired pixels without signal, of all acquired ones; mean over the images."""

    off_share: Share
    """Those at or above the release's own threshold, whatever threshold the event asked for."""


def make_profile(
    probabilities: Sequence[float], spreads: Sequence[float], zero_shares: Sequence[float], threshold: float
) -> DatasetProfile | None:
    """The profile of a dataset by its N classified ion images; None when N is 0."""
    if len(probabilities) == 0:
        return None
    low, lower, middle, upper, high = (
        round(float(one), _DECIMALS) for one in np.quantile(probabilities, QUANTILES, method="inverted_cdf")
    )
    return DatasetProfile(
        images=len(probabilities),
        probability_quantiles=(low, lower, middle, upper, high),
        spread=round(float(np.mean(spreads)), _DECIMALS),
        zero_share=round(float(np.mean(zero_shares)), _DECIMALS),
        off_share=round(float(np.mean(np.asarray(probabilities) >= threshold)), _DECIMALS),
    )


def measure_zero_share(ion_image: IonImage) -> float:
    """Acquired pixels without signal, of all acquired ones."""
    acquired = int(np.count_nonzero(ion_image.acquisition_mask))
    return 1 - int(np.count_nonzero(ion_image.intensities > 0)) / max(acquired, 1)
