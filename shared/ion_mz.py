"""The m/z of an ion: its principal isotope, from sum formula, adduct and charge."""

import re
from functools import lru_cache
from typing import Final

from molmass import ELECTRON, Formula, FormulaError

from shared.errors import InvalidAnnotationsError

_LONGEST_LETTERS: Final = 200
_HEAVIEST: Final = 20_000.0
"""Heaviest ion whose isotopes are computed, Da; the time grows with the square of the atoms."""

_LEAST_FRACTION: Final = 1e-9
"""Isotopes rarer than this are left out; the principal one is far above."""

_CHARGES: Final = {
    "H": 1,
    "Li": 1,
    "Na": 1,
    "K": 1,
    "Rb": 1,
    "Cs": 1,
    "Ag": 1,
    "NH4": 1,
    "F": -1,
    "Cl": -1,
    "Br": -1,
    "I": -1,
    "HCOO": -1,
    "CHO2": -1,
    "HCO2": -1,
    "CHOO": -1,
    "CH3COO": -1,
    "C2H3O2": -1,
    "CF3COO": -1,
    "NO3": -1,
    "H2PO4": -1,
    "HSO4": -1,
    "H2O": 0,
    "NH3": 0,
    "CO2": 0,
    "CO": 0,
    "CH3OH": 0,
    "CH4O": 0,
    "ACN": 0,
    "C2H3N": 0,
    "DMSO": 0,
    "C2H6OS": 0,
}
"""Charge that a part brings along; a part that is taken away takes its charge with it."""

_SPELLINGS: Final = {"ACN": "C2H3N", "DMSO": "C2H6OS", "FA": "CH2O2"}
_PART: Final = re.compile(r"([+-])(\d*)([A-Z][A-Za-z0-9()]*)")
_RIGHT_ADDUCT: Final = "right would be one like +H, -H, +Na, -H2O+H, [M+K]+ or [M]-"


@lru_cache(maxsize=100_000)
def compute_mz(formula: str, adduct: str | None, charge: int | None = None) -> float:
    """m/z of the most abundant isotope (isotopes of one nominal mass taken together), Th.

    Parameters
    ----------
    formula
        Sum formula of the neutral molecule, such as C6H12O6; of the ion itself where there is no adduct.
    adduct
        What is added and taken away, in METASPACE's notation (+H, -H, +Na, -H2O+H, [M]+, [M]-) or in brackets with a
        charge ([M+H]+, [M-2H]2-).
    charge
        Charge of the ion; None = what the adduct states or its parts bring along.

    Raises
    ------
    InvalidAnnotationsError
        When formula, adduct or charge cannot be understood, or the adduct takes away what the formula does not have.
    """
    parts, stated = _split_adduct((adduct or "").replace("\N{MINUS SIGN}", "-").replace(" ", ""))
    found = charge or stated or _sum_charges(parts, adduct)
    ion = _parse(formula.replace(" ", ""), "formula")
    for sign, count, part in parts:
        piece = _parse(_SPELLINGS.get(part, part), "adduct")
        try:
            ion = ion + piece * count if sign > 0 else ion - piece * count
        except (FormulaError, ValueError, KeyError) as error:
            raise InvalidAnnotationsError(
                f"adduct {adduct!a} takes {part} from {formula[:50]!a}, which has too few; right would be a formula"
                " that has enough"
            ) from error
    return _principal_mz(ion, found, formula)


def _split_adduct(adduct: str) -> tuple[list[tuple[int, int, str]], int]:
    """Parts as (sign, count, formula), and the charge written behind the bracket, 0 where none is."""
    bracketed = re.fullmatch(r"\[M(.*)\](?:(\d*)([+-]))?", adduct) or re.fullmatch(r"M()()([+-])", adduct)
    body, charge = adduct, 0
    if bracketed is not None:
        body = bracketed[1]
        charge = int(bracketed[2] or 1) * (1 if bracketed[3] == "+" else -1) if bracketed[3] else 0
    if len(adduct) > _LONGEST_LETTERS or not re.fullmatch(rf"(?:{_PART.pattern})*", body):
        raise InvalidAnnotationsError(f"adduct {adduct[:50]!a} cannot be understood; {_RIGHT_ADDUCT}")
    parts = [(1 if sign == "+" else -1, int(count or 1), part) for sign, count, part in _PART.findall(body)]
    return parts, charge


def _sum_charges(parts: list[tuple[int, int, str]], adduct: str | None) -> int:
    known = [sign * count * _CHARGES[part] for sign, count, part in parts if part in _CHARGES]
    charge = sum(known)
    if len(known) < len(parts) or charge == 0:
        raise InvalidAnnotationsError(
            f"charge of an ion with the adduct {(adduct or '')[:50]!a} is not known; right would be a charge beside it,"
            f" or an adduct that states it, such as [M+H]+"
        )
    return charge


def _parse(text: str, what: str) -> Formula:
    problem = f"{len(text)} letters"
    if 0 < len(text) <= _LONGEST_LETTERS:
        try:
            parsed = Formula(
                text, parse_groups=False, parse_oligos=False, parse_fractions=False, parse_arithmetic=False
            )
            if not parsed.charge and parsed.mass <= _HEAVIEST:
                return parsed
            problem = f"charge {parsed.charge}, {parsed.mass:,.0f} Da"
        except (FormulaError, ValueError, KeyError, OverflowError) as error:
            problem = str(error).partition("\n")[0]
    raise InvalidAnnotationsError(
        f"{what} {text[:50]!a} cannot be understood ({problem}); right would be a sum formula such as C6H12O6, without"
        f" charge, of at most {_HEAVIEST:,.0f} Da"
    )


def _principal_mz(ion: Formula, charge: int, formula: str) -> float:
    if ion.atoms == 0 or ion.mass > _HEAVIEST:
        raise InvalidAnnotationsError(
            f"ion of {formula[:50]!a} has {ion.mass:,.0f} Da; right would be above 0 and at most {_HEAVIEST:,.0f}"
        )
    return (ion.spectrum(min_fraction=_LEAST_FRACTION).peak.mass - charge * ELECTRON.mass) / abs(charge)
