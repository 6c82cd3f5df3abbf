"""The section of a model card on limits."""

from textwrap import fill

from model_store.manifest import Manifest
from training.fit.settings import FitSettings
from training.release.decision import Decision

_LIMITS = """\
## Limits

- A probability is {calibration}.{class_share}
- {sight}
- Where only sample was acquired, no ion is off-sample; this release can still predict one as off-sample, more often
  when a file format loses the acquisition mask.
{shapes}
- The real sets are small and none is a random draw of ion images: intervals are wide and do not account for that.
"""


_ONE_IMAGE = """\
It uses one ion image at a time. Images with few counts, ions bright along the rim of the sample and patterns all
  over the image need the dataset's context, which it does not use.\
"""
_WHOLE_DATASET = """\
Its sample mask is predicted, and poor when there are few ions or few counts; loose images, and images of several
  sizes, are classified without context.\
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
            " so it was fitted on the sample shapes of METASPACE's users.",
        )
    return _LIMITS.format(
        calibration=calibrated,
        sight=sight,
        class_share="",
        shapes=f"- It was fitted on the samples and instruments of {settings.data.name} only.",
    )


def wrap(paragraph: str) -> str:
    """Wrap a paragraph to the width of a card."""
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)
