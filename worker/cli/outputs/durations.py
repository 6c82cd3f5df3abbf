"""Durations and sizes for people."""

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
_BINARY = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def describe_seconds(seconds: float | None) -> str:
    """A duration with its largest unit, such as 3.5 h; a dash for None."""
    if seconds is None:
        return "-"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def describe_bytes(count: int) -> str:
    """A size with its largest unit, such as 1.5 GiB."""
    for unit, size in _BINARY:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
