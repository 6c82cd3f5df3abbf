"""The m/z of an ion: its principal isotope, from sum formula, adduct and charge."""

import math
import re
import unicodedata
from functools import lru_cache
from typing import Final

from molmass import ELECTRON, Formula, FormulaError

from shared.errors import InvalidAnnotationsError
from shared.ions.adduct import MAX_CHARGES, Adduct, parse_adduct
from shared.ions.adduct_groups import GROUPS, UNSTABLE

MAX_MZ: Final = 1_000_000.0
"""Largest m/z of an ion, Th. Nothing is measured above it, and arithmetic on windows cannot overflow below it."""

MAX_PPM: Final = 1_000_000.0
"""Largest half width of an m/z window, parts per million."""

_MAX_FORMULA_LENGTH: Final = 200
_MAX_MASS: Final = 20_000.0
"""Heaviest ion whose isotopes are computed, Da; the time grows with the square of the number of atoms."""

_MIN_FRACTION: Final = 1e-9
"""Isotopes rarer than this are ignored; the principal one is far above."""

_DEUTERIUM: Final = re.compile("D(?![a-z])")


def require_mz(mz: float) -> float:
    """Return a valid m/z, Th.

    Raises
    ------
    InvalidAnnotationsError
        When it is NaN, or not above 0 and at most `MAX_MZ`.
    """
    if not 0 < mz <= MAX_MZ:
        raise InvalidAnnotationsError(f"expected an m/z above 0 and at most {MAX_MZ:,.0f}, got {mz:g}")
    return mz


def require_ppm(ppm: float) -> None:
    """Refuse an invalid half width.

    Raises
    ------
    InvalidAnnotationsError
        When it is not above 0 and at most `MAX_PPM`.
    """
    if not 0 < ppm <= MAX_PPM:
        raise InvalidAnnotationsError(f"expected a half width above 0 and at most {MAX_PPM:,.0f} ppm, got {ppm:g}")


@lru_cache(maxsize=100_000)
def compute_mz(formula: str, adduct: str | None, charge: int | None = None) -> float:
    """m/z of the most abundant isotope (isotopes of one nominal mass taken together), Th.

    Parameters
    ----------
    formula
        Sum formula of the neutral molecule, such as C6H12O6; of the ion itself where there is no adduct.
    adduct
        What is added and removed, as `parse_adduct` reads it: +H, M-H, -H2O+H, [M+DHB+H]+, [2M-2H]2-.
    charge
        Charge of the ion, -20 to 20, not 0; None = what the adduct states, or the sum of its parts.

    Raises
    ------
    InvalidAnnotationsError
        When formula, adduct or charge are invalid or contradict each other, or the adduct removes what the formula does
        not have.
    """
    parsed = parse_adduct(adduct or "")
    found = _find_charge(parsed, adduct or "", charge)
    ion = _parse(formula, "formula") * parsed.molecules
    for part in parsed.parts:
        piece = _parse(part.formula, "adduct") * abs(part.count)
        try:
            ion = ion + piece if part.count > 0 else ion - piece
        except (FormulaError, ValueError, KeyError) as error:
            raise InvalidAnnotationsError(
                f"adduct {(adduct or '')[:50]!a} removes {part.text} from {formula[:50]!a}; expected a formula with"
                " enough atoms"
            ) from error
    return _principal_mz(ion, found, formula)


def _find_charge(adduct: Adduct, text: str, charge: int | None) -> int:
    """The charge; where it is given twice, both must agree."""
    if charge is not None and adduct.stated_charge not in (None, charge):
        raise InvalidAnnotationsError(
            f"charge {charge} contradicts the adduct {text[:50]!a}; expected the same charge, or only one of them"
        )
    found = charge if charge is not None else adduct.charge
    if found is None:
        raise InvalidAnnotationsError(
            f"charge of an ion with the adduct {text[:50]!a} is unknown; expected a charge, or an adduct that"
            " states it, such as [M+H]+"
        )
    if not 1 <= abs(found) <= MAX_CHARGES:
        raise InvalidAnnotationsError(f"expected a charge of 1 to {MAX_CHARGES}, or -1 to -{MAX_CHARGES}, got {found}")
    return found


def _parse(text: str, what: str) -> Formula:
    plain = "".join(unicodedata.normalize("NFKC", text[: _MAX_FORMULA_LENGTH + 1]).split())
    try:
        problem = f"{len(text)} characters" if not 0 < len(plain) <= _MAX_FORMULA_LENGTH else _find_ambiguity(plain)
        if problem is None:
            parsed = Formula(
                plain, parse_groups=False, parse_oligos=False, parse_fractions=False, parse_arithmetic=False
            )
            problem = _find_problem(parsed)
            if problem is None:
                return parsed
    except (FormulaError, ValueError, KeyError, OverflowError) as error:
        problem = str(error).partition("\n")[0]
    raise InvalidAnnotationsError(
        f"{what} {text[:50]!a} is invalid ({problem}); expected a sum formula such as C6H12O6, without"
        f" charge, of at most {_MAX_MASS:,.0f} Da"
    )


def _find_ambiguity(text: str) -> str | None:
    """Why a formula is ambiguous: it may be a name, or begin with a count."""
    if text.upper() in GROUPS:
        return f"it is also the name of {GROUPS[text.upper()].formula}"
    if _DEUTERIUM.search(text) and len(text) > 1 and not re.search(r"\d", text):
        return "D would be deuterium; write [2H]"
    if re.match(r"\d", text):
        return "a number in front may be a count or an isotope; write [13C] for an isotope"
    return None


def _find_problem(parsed: Formula) -> str | None:
    if parsed.charge or parsed.mass > _MAX_MASS:
        return f"charge {parsed.charge}, {parsed.mass:,.0f} Da"
    unstable = UNSTABLE.intersection(parsed.composition())
    return f"{min(unstable)} is an element that no sample contains" if unstable else None


def _principal_mz(ion: Formula, charge: int, formula: str) -> float:
    if ion.atoms == 0 or ion.mass > _MAX_MASS:
        raise InvalidAnnotationsError(
            f"ion of {formula[:50]!a} has {ion.mass:,.0f} Da; expected above 0 and at most {_MAX_MASS:,.0f}"
        )
    mz = (ion.spectrum(min_fraction=_MIN_FRACTION).peak.mass - charge * ELECTRON.mass) / abs(charge)
    if not math.isfinite(mz):
        raise InvalidAnnotationsError(f"ion of {formula[:50]!a} has no finite m/z; expected a sum formula of atoms")
    return require_mz(mz)
