"""Settings of windows: how often each thing is done to one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WindowSettings:
    """How windows are drawn; every number is a share unless it says otherwise."""

    without_area: float = 0.5
    """Windows that lie wholly inside the sample."""

    fewest_ions: int = 1
    most_ions: int = 80
    """Ions of a window, log-uniform, drawn without replacement."""

    chosen_off_share: float = 0.5
    """Windows with background whose share of off-sample ions is drawn, not that of their acquisition."""

    binned: float = 0.4
    """Of the windows that are large enough for it."""

    binned_from_px: int = 48
    """Shortest side of a window that may be binned, px."""

    most_binning: int = 3
    threshold: float = 0.2
    """Windows whose weak pixels are set to 0, as peak picking does."""

    eight_bit: float = 0.3
    """Windows whose ion images are rounded to 255 levels."""
