"""The limits that a model card states."""

from textwrap import fill

from model_store.manifest import Manifest
from training.fit.settings import FitSettings
from training.release.decision import Decision

_LIMITS = """\
## Limits

- A probability is {calibration}.{class_share}
- {sight}
- Where nothing but sample was acquired, nothing is off-sample; this release can still call an ion so. A file format
  that loses the acquisition mask makes that likelier.
{shapes}
- The real sets are small and none is a random draw of ion images: intervals are wide and do not cover that.
"""


_ONE_IMAGE = """\
It sees one ion image at a time. Few-count images, ions bright along the rim of the sample and patterns that are
  everywhere need the dataset's context, which it does not have.\
"""
_WHOLE_DATASET = """\
Its sample mask is predicted, from few ions or few counts badly; loose images, and images of several sizes, are judged
  without context.\
"""


def write_limits(manifest: Manifest, settings: FitSettings, decision: Decision) -> str:
    """The last section of a card."""
    calibration = decision.calibration
    calibrated = "not calibrated" if calibration == "none" else calibration
    sight = _WHOLE_DATASET if manifest.uses_context else _ONE_IMAGE
    if settings.data is None:
        return _LIMITS.format(
            calibration=calibrated,
            sight=sight,
            class_share=" About two in five of the training images are off-sample.",
            shapes="- The sample masks come from METASPACE datasets,"
            " so the shapes it knows are those of METASPACE's users.",
        )
    return _LIMITS.format(
        calibration=calibrated,
        sight=sight,
        class_share="",
        shapes=f"- The samples and instruments it knows are those of {settings.data.name}.",
    )


def wrap(paragraph: str) -> str:
    """A paragraph in lines of a card's width."""
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)
