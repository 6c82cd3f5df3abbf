"""Parse adducts: what is added to and removed from a molecule to make an ion."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shared.errors import InvalidAnnotationsError
from shared.ions.adduct_groups import AMBIGUOUS, CHARGES, GROUPS

MAX_CHARGES: Final = 20
"""Largest charge of an ion, elementary charges, as in a message."""

_LONGEST: Final = 200
_MAX_COUNT: Final = 1_000
"""Maximum count of a part, or of the molecule."""

_PLAIN: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63", "-"))
"""Hyphens, dashes and the minus sign, as word processors write them."""

_RADICAL: Final = re.compile("[\u2022\u00b7\u2219\u25cf*]|\\.(?=[+-]?$)")
"""The dot of a radical ion, which does not affect its mass."""

_NAMES: Final = "|".join(sorted(map(re.escape, GROUPS), key=len, reverse=True))
_PART: Final = re.compile(
    rf"([+-])(\d*?)((?:\d(?:,\d)*-)?(?i:{_NAMES})(?![A-Za-z0-9])|9-AA(?![A-Za-z0-9])|[A-Z][A-Za-z0-9()]*)"
)
"""Sign, count, and what: an abbreviation, with or without locants as in 2,5-DHB, or a sum formula."""

_ION: Final = re.compile(
    rf"""
    (?P<open>\[)?
    (?:(?P<molecules>\d*)M)?
    (?P<parts>(?:{_PART.pattern})*)
    (?(open)\])
    (?P<charge>(?<![\d+-])[+-]|(?<=\])(?:\d+[+-]|[+-]\d+|\++|-+))?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class AdductPart:
    """One part: `count` is negative where it is removed; `charge` is None where it is unknown."""

    text: str
    formula: str
    count: int
    charge: int | None


@dataclass(frozen=True)
class Adduct:
    """A parsed adduct.

    Attributes
    ----------
    molecules
        Number of molecules in the ion: 2 for [2M+H]+.
    parts
        What is added and removed.
    stated_charge
        Charge that is written after it, elementary charges; None where none is.
    """

    molecules: int
    parts: tuple[AdductPart, ...]
    stated_charge: int | None

    @property
    def charge(self) -> int | None:
        """The stated charge, else the sum of those of the parts; None where that is unknown, or 0."""
        if self.stated_charge is not None:
            return self.stated_charge
        charges = [part.charge * part.count for part in self.parts if part.charge is not None]
        return sum(charges) or None if len(charges) == len(self.parts) else None


@lru_cache(maxsize=1_000)
def parse_adduct(text: str) -> Adduct:
    """Parse an adduct: `+H`, `M-H`, `[2M+Na]+`, `[M+DHB+H]+`, `[M+2H]2+`, `-H2O+H`, `[M]-`; "" adds nothing.

    Raises
    ------
    InvalidAnnotationsError
        When it is invalid or ambiguous.
    """
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).translate(_PLAIN)
    plain = _RADICAL.sub("", "".join(plain.split()))
    found = _ION.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None or (found["molecules"] is None and (found["open"] or not found["parts"]) and plain):
        raise InvalidAnnotationsError(f"adduct {text[:50]!a} is invalid; expected one like +H, -H2O+H or [M+K]+")
    parts = tuple(
        _read_part(text, sign, _read_count(text, digits), what) for sign, digits, what in _PART.findall(found["parts"])
    )
    return Adduct(_read_count(text, found["molecules"] or ""), parts, _read_charge(text, found["charge"]))


def _read_part(adduct: str, sign: str, times: int, what: str) -> AdductPart:
    name = re.sub(r"^\d(?:,\d)*-(?!AA)|-", "", what.upper())
    count = times if sign == "+" else -times
    if name in AMBIGUOUS:
        raise InvalidAnnotationsError(f"{what!a} in the adduct {adduct[:50]!a} may mean {AMBIGUOUS[name]}")
    if name in GROUPS:
        return AdductPart(what, GROUPS[name].formula, count, GROUPS[name].charge)
    if name.rstrip("0123456789") in GROUPS:
        raise InvalidAnnotationsError(
            f"{what!a} in the adduct {adduct[:50]!a} is invalid; expected the number before the name, such as 2DHB"
        )
    return AdductPart(what, what, count, CHARGES.get(what))


def _read_count(adduct: str, text: str) -> int:
    times = int(text or 1)
    if not 1 <= times <= _MAX_COUNT:
        raise InvalidAnnotationsError(
            f"adduct {adduct[:50]!a} has a part {text[:20]} times; expected 1 to {_MAX_COUNT:,}"
        )
    return times


def _read_charge(adduct: str, text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.strip("+-")
    size = int(digits) if digits else len(text)
    if not 1 <= size <= MAX_CHARGES:
        raise InvalidAnnotationsError(f"adduct {adduct[:50]!a} has {size} charges; expected 1 to {MAX_CHARGES}")
    return size if "+" in text else -size
