"""Presets: recipes of fitting under a name."""

from enum import StrEnum
from typing import TypedDict


class PresetName(StrEnum):
    """`default` is what releases are fitted with; `report-2018` is the recipe of the 2018 report and its notebook."""

    DEFAULT = "default"
    REPORT_2018 = "report-2018"


class PresetNumbers(TypedDict):
    """What a preset sets in `FitSettings`; optimiser, steps and augmentation follow from its name."""

    epochs: int
    batch: int
    learning_rate: float
    l2: float


NUMBERS: dict[PresetName, PresetNumbers] = {
    PresetName.DEFAULT: {"epochs": 4, "batch": 64, "learning_rate": 1e-3, "l2": 1e-4},
    PresetName.REPORT_2018: {"epochs": 3, "batch": 32, "learning_rate": 0.01, "l2": 0.05},
}
"""`report-2018`: Kovalev 2018, section Implementation (optimiser), and its notebook (batch, L2, epochs, steps)."""

MOMENTUM_2018 = 0.9
"""Of SGD, not Nesterov's (Kovalev 2018, section Implementation)."""

PASSES_PER_EPOCH_2018 = 2
"""An epoch of the notebook is N // 32 * 2 steps: each image is seen twice."""
