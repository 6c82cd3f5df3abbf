"""One labelled ion image, or the reason why it is left out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.ion_image import IonImage

Label = Literal["on", "off"]

LABELS: dict[str, Label] = {"on": "on", "off": "off", "neg": "on", "pos": "off"}
"""Folder names and label values; `pos` and `neg` are older names: off-sample is the positive class."""

UNCLEAR = "unclear"
"""The label of an image that a person could not decide."""


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
    """An ion image and its label."""

    dataset: str
    annotation_id: str
    """Unique within the dataset: the ion, such as `C6H12O6+K`, or its id in a label file."""

    label: Label
    ion_image: IonImage


@dataclass(frozen=True)
class LeftOut:
    """An image that is not used, and why."""

    dataset: str
    annotation_id: str
    reason: Reason
    detail: str
    """One sentence."""


Entry = LabelledImage | LeftOut
"""The items that readers yield."""
