"""Distinct names for the datasets of one command line."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

_GENERIC: Final = frozenset({"ion_images", "images"})
"""Folder names that do not identify a dataset; the parent folder's name is used instead."""


def choose_names(trails: Sequence[tuple[str, ...]], full_names: Sequence[str]) -> list[str]:
    """One distinct name for each dataset.

    That is its own name, or its folder's where its own is generic; where names repeat, parent folders are prepended.

    Parameters
    ----------
    trails
        For each dataset, the names of its parent folders and its own name without suffix.
    full_names
        The datasets' own names with suffix, used where the folders do not distinguish two of them.
    """
    parts = [_without_generic(trail) for trail in trails]
    depths = [1] * len(parts)
    while True:
        names = [_join(found, depth) for found, depth in zip(parts, depths, strict=True)]
        repeated = {name for name, times in Counter(names).items() if times > 1}
        longer = [i for i, name in enumerate(names) if name in repeated and depths[i] < len(parts[i])]
        if not longer:
            break
        for i in longer:
            depths[i] += 1
    return _number(
        [
            _join((*trail[:-1], full_name), 2) if name in repeated else name
            for name, trail, full_name in zip(names, trails, full_names, strict=True)
        ]
    )


def _without_generic(trail: tuple[str, ...]) -> tuple[str, ...]:
    named = tuple(part for part in trail if part.strip("/"))
    return named[:-1] if len(named) > 1 and named[-1].lower() in _GENERIC else named


def _join(parts: tuple[str, ...], depth: int) -> str:
    return "/".join(part.strip("/") for part in parts[-depth:]) or "dataset"


def _number(names: Sequence[str]) -> list[str]:
    """The same names, with a number appended to those that still repeat."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered
