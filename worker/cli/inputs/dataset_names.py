"""Names that tell the datasets of one command line apart."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

_GENERIC: Final = frozenset({"ion_images", "images"})
"""What every dataset's images are called: the folder's name says more."""


def choose_names(trails: Sequence[tuple[str, ...]], full_names: Sequence[str]) -> list[str]:
    """One name a dataset: its own; its folder's where its own is generic; both, and more of them, where names repeat.

    Parameters
    ----------
    trails
        Names of the folders that lead to each dataset, and its own without suffix.
    full_names
        Their own names with suffix, which are used where nothing else tells two apart.
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
    """The same names, with a number where one still repeats."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered
