"""Settings of windows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WindowSettings:
    """How windows are drawn; every number is a share unless stated otherwise."""

    without_area: float = 0.5
    """Share of windows wholly inside the sample."""

    fewest_ions: int = 1
    most_ions: int = 80
    """Ions of a window, log-uniform, drawn without replacement."""

    chosen_off_share: float = 0.5
    """Share of windows with background whose off share is drawn instead of taken from the acquisition."""

    binned: float = 0.4
    """Share of the windows that are large enough."""

    binned_from_px: int = 48
    """Shortest side of a window that may be binned, px."""

    most_binning: int = 3
    threshold: float = 0.2
    """Share of windows whose weak pixels are set to 0, as in peak picking."""

    eight_bit: float = 0.3
    """Share of windows whose ion images are rounded to 255 levels."""
