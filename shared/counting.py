"""Counts in sentences."""


def count_of(number: int, noun: str) -> str:
    """A number with its noun, which gets an s unless there is one: `1 attempt`, `7,500 ion images`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
