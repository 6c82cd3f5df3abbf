"""Methods by aspect: what each gets right of the images of every pattern, or of every scene."""

from collections.abc import Sequence

import numpy as np

from training.cross_validation.comparison import Method
from training.metrics.scores import Off
from training.reports.text_tables import TextTable


def make_aspect_table(aspect: str, names: Sequence[str], off: Off, methods: Sequence[Method]) -> TextTable:
    """One row a name, one column a method: the share that is right.

    Parameters
    ----------
    names
        N, what each image is.
    """
    every = np.asarray(names)
    rows = []
    for name in sorted(set(names)):
        inside = every == name
        shares = (f"{np.mean(method.predicted_off[inside] == off[inside]):.3f}" for method in methods)
        rows.append((name.replace("_", " "), f"{int(inside.sum()):,}", f"{int(off[inside].sum()):,}", *shares))
    headings = (aspect, "images", "off", *(method.name for method in methods))
    return TextTable(f"Accuracy by {aspect}", headings, tuple(rows))
