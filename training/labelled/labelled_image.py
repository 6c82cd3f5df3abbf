"""One labelled ion image, or the reason why it is left out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.ion_image import IonImage

Label = Literal["on", "off"]

LABELS: dict[str, Label] = {"on": "on", "off": "off", "neg": "on", "pos": "off"}
"""Folder names and label words; `pos` and `neg` are the older names, and off-sample is the positive class."""

UNCLEAR = "unclear"
"""What a person writes who cannot tell."""


class Reason(StrEnum):
    """Why an image is left out."""

    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"
    NO_SIGNAL = "no signal"
    UNCLEAR = "unclear"
    UNLABELLED = "unlabelled"


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An ion image and what a person says it is."""

    dataset: str
    annotation_id: str
    """Unique within the dataset: the ion, such as `C6H12O6+K`, or what a label file calls it."""

    label: Label
    ion_image: IonImage


@dataclass(frozen=True)
class LeftOut:
    """An image that counts for nothing, and why."""

    dataset: str
    annotation_id: str
    reason: Reason
    detail: str
    """One sentence."""


Entry = LabelledImage | LeftOut
"""What every reader yields."""
