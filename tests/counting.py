"""Counts of annotations by outcome."""

from worker.messages.results import Counts


def count(on: int = 0, off: int = 0, uncertain: int = 0, no_signal: int = 0, unreadable: int = 0) -> Counts:
    return Counts(
        annotations=on + off + no_signal + unreadable,
        classified=on + off,
        on=on,
        off=off,
        uncertain=uncertain,
        no_signal=no_signal,
        unreadable=unreadable,
    )
