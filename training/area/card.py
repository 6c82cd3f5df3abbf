"""The model card of a release of kind `area`: that of its plain release, with what the area networks add."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model_store.manifest import AreaParts, Manifest
from shared.counting import count_of
from shared.errors import InvalidInputError
from training.area.area_content import AreaContent
from training.area.held_out_scores import HeldOutScores, average_by_series
from training.area.report import COLUMNS, tabulate
from training.area.seed_spread import describe_fits
from training.area.settings import AreaSettings
from training.metrics.resampling import percentile_interval
from training.release.card_limits import wrap

AREA_HEADING = "## Off-sample area"
_LIMITS_HEADING = "\n## Limits\n"
_RESAMPLES = 10_000

_PURPOSE = """\
This release reads all ion images of a dataset together and first finds out whether off-sample area was measured at all.
Where it was, the area networks decide about every ion; where it was not, every ion is on-sample; where that is unclear,
the image members decide, as they do about loose images, and every off-sample label is marked as uncertain.
"""

_LIMITS = """\
## Limits

- A probability is {calibration}; that of the image members alone is as in release {plain}.
- With fewer than about ten ions the off-sample area is often unclear; then, and for loose images, this release is the
  plain release {plain}, which calls ions off-sample where only sample was acquired.
- The real acquisitions are few, and of a few laboratories: intervals are wide and do not account for that.
"""


def write_area_card(
    plain_card: str,
    plain_version: str,
    manifest: Manifest,
    settings: AreaSettings,
    content: AreaContent,
    picture: str | None,
) -> str:
    """Markdown, with the scores on real sets still those of the plain release (`rewrite_scores` replaces them).

    Raises
    ------
    InvalidInputError
        When the card of the plain release was not written by `publish`.
    """
    parts = manifest.area
    if parts is None:
        raise InvalidInputError(f"expected a release of kind area, got {manifest.version} of kind {manifest.kind}")
    title = f"# Release {plain_version}\n"
    if title not in plain_card or _LIMITS_HEADING not in plain_card:
        raise InvalidInputError(f"expected release {plain_version} to have a model card written by `publish`")
    _, _, rest = plain_card.partition(title)
    kept, _, _ = rest.partition(_LIMITS_HEADING)
    first, _, sections = kept.strip("\n").partition("\n## ")
    return "\n".join(
        [
            f"# Release {manifest.version}\n",
            first.strip("\n") + "\n",
            _PURPOSE,
            _write_area(parts, settings, content, picture),
            f"## {sections}\n",
            _LIMITS.format(calibration=parts.decision.calibration, plain=plain_version),
        ]
    )


def _write_area(parts: AreaParts, settings: AreaSettings, content: AreaContent, picture: str | None) -> str:
    decision = parts.decision
    text = (
        f"{len(parts.members)} area networks, fitted on {settings.examples:,} windows of real acquisitions and"
        f" {settings.examples:,} semi-synthetic datasets (mixture {settings.mixture}, seed {settings.seed}), in"
        f" {settings.steps:,} steps each. The off-sample area is absent up to a probability of"
        f" {decision.absent_up_to:g} and present from {decision.present_from:g}. The table is of"
        f" {settings.folds} folds of acquisitions, with {settings.fold_members} networks each that saw neither the"
        " acquisitions of the fold, nor their series, nor their textures; its probabilities are calibrated without the"
        " series too. That the context counts more with more ions was decided after looking at these acquisitions."
        " `ions` is the number of ions read together; with fewer than all, counts are sums over"
        " random choices. `plain` is the release that sees every image alone; it was fitted on textures of"
        " acquisitions marked with *. The shipped networks were fitted on all acquisitions."
    )
    lines = [
        AREA_HEADING,
        "",
        wrap(text),
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
        *(f"| {' | '.join(tabulate(row))} |" for row in content.held_out),
        "",
        *_summarise(content.held_out),
        "",
        wrap(describe_fits(content.fits)),
    ]
    if picture is not None:
        lines += ["", f"![reliability of the verdict]({picture})"]
    return "\n".join([*lines, ""])


def _summarise(scores: Sequence[HeldOutScores]) -> list[str]:
    """A sentence for each number of ions: means over the series, and what drawing other series would change."""
    lines = []
    for ions in dict.fromkeys(row.ions for row in scores):
        rows = [row for row in scores if row.ions == ions and row.labelled]
        own, plain = average_by_series(rows, "correct"), average_by_series(rows, "plain_correct")
        number = "all ions" if ions is None else count_of(ions, "ion")
        lines.append(
            f"- {number}: {_describe(own)} correct, plain {_describe(plain)}; difference {_describe(own - plain, '+')}"
            f" points; {len(rows)} acquisitions of {len(own)} series."
        )
    return [*lines, "", "In brackets: 2.5th to 97.5th percentile of the mean over series, drawn with replacement."]


def _describe(shares: npt.NDArray[np.float64], sign: str = "") -> str:
    """Mean and bootstrap interval over series, in percent."""
    if not len(shares):
        return "-"
    rows = np.random.default_rng(0).integers(len(shares), size=(_RESAMPLES, len(shares)))
    low, high = percentile_interval(shares[rows].mean(axis=1))
    return f"{100 * shares.mean():{sign}.1f} ({100 * low:{sign}.1f} to {100 * high:{sign}.1f})"
