"""Abbreviations in adducts (matrices, solvents and acids) and the charges of parts."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class AdductGroup:
    """A part of an adduct that is written as an abbreviation.

    Attributes
    ----------
    formula
        Sum formula of the whole molecule or ion.
    charge
        Its charge, elementary charges.
    """

    formula: str
    charge: int = 0


_MATRICES: Final = {
    "DHB": "C7H6O4",  # 2,5-dihydroxybenzoic acid
    "CHCA": "C10H7NO3",  # alpha-cyano-4-hydroxycinnamic acid
    "HCCA": "C10H7NO3",
    "ClCCA": "C10H6ClNO2",  # 4-chloro-alpha-cyanocinnamic acid
    "SA": "C11H12O5",  # sinapinic acid
    "9AA": "C13H10N2",  # 9-aminoacridine
    "DAN": "C10H10N2",  # 1,5-diaminonaphthalene
    "DHAP": "C8H8O3",  # 2,5- and 2,6-dihydroxyacetophenone
    "THAP": "C8H8O4",  # 2,4,6-trihydroxyacetophenone
    "HPA": "C6H5NO3",  # 3-hydroxypicolinic acid
    "DCTB": "C17H18N2",  # (2E)-2-[3-(4-tert-butylphenyl)-2-methylprop-2-enylidene]malononitrile
    "DPH": "C18H16",  # 1,6-diphenyl-1,3,5-hexatriene
    "MBT": "C7H5NS2",  # 2-mercaptobenzothiazole
    "CMBT": "C7H4ClNS2",  # 5-chloro-2-mercaptobenzothiazole
    "DMAN": "C14H18N2",  # 1,8-bis(dimethylamino)naphthalene
    "NED": "C12H14N2",  # N-(1-naphthyl)ethylenediamine
    "Norharmane": "C11H8N2",
    "DIT": "C14H10O3",  # dithranol
    "ATT": "C4H5N3OS",  # 6-aza-2-thiothymine
    "HABA": "C13H10N2O3",  # 2-(4-hydroxyphenylazo)benzoic acid
    "IAA": "C11H9NO2",  # trans-3-indoleacrylic acid
    "PNA": "C6H6N2O2",  # 4-nitroaniline
}
_SOLVENTS: Final = {
    "ACN": "C2H3N",
    "MeCN": "C2H3N",
    "MeOH": "CH4O",
    "EtOH": "C2H6O",
    "PrOH": "C3H8O",
    "IsoProp": "C3H8O",
    "iPrOH": "C3H8O",
    "IPA": "C3H8O",
    "DMSO": "C2H6OS",
    "DMF": "C3H7NO",
    "THF": "C4H8O",
    "HFIP": "C3H2F6O",
    "TEA": "C6H15N",
    "DEA": "C4H11N",
}
_ACIDS: Final = {
    "FA": "CH2O2",  # formic acid; ferulic acid, a matrix, is rare in adducts
    "HAc": "C2H4O2",
    "HOAc": "C2H4O2",
    "AcOH": "C2H4O2",
    "TFA": "C2HF3O2",
}
_IONS: Final = {
    "OAc": AdductGroup("C2H3O2", -1),
    "AcO": AdductGroup("C2H3O2", -1),
}

GROUPS: Final = {
    **{name.upper(): AdductGroup(formula) for name, formula in (_MATRICES | _SOLVENTS | _ACIDS).items()},
    **{name.upper(): group for name, group in _IONS.items()},
}
"""By name in capital letters: programs write Hac, HAc and HAC."""

AMBIGUOUS: Final = {
    "AC": "acetyl, acetate or actinium; expected C2H3O, C2H3O2 or HAc (acetic acid)",
    "NEDC": "the salt or its amine; expected NED or C12H16Cl2N2",
}
"""Ambiguous names in capital letters, with their meanings and what to write."""

CHARGES: Final = {
    **{group.formula: group.charge for group in GROUPS.values()},
    "H": 1,
    "D": 1,
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
    "CF3COO": -1,
    "C2F3O2": -1,
    "NO3": -1,
    "H2PO4": -1,
    "HSO4": -1,
    "H2O": 0,
    "NH3": 0,
    "CO2": 0,
    "CO": 0,
    "CH3OH": 0,
    "CH3CN": 0,
    "HCOOH": 0,
    "CH3COOH": 0,
    "CF3COOH": 0,
}
"""Charge of a part by its formula; removing a part removes its charge."""

UNSTABLE: Final = frozenset(
    "Tc Pm Po At Rn Fr Ra Ac Pa Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt".split()  # noqa: SIM905 - readable
)
"""Elements that no sample contains: where one is read, something else was meant (Ac, No, Fm)."""
