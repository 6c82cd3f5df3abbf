"""The m/z of ions by formula, adduct and charge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidAnnotationsError
from shared.ions.ion_mz import compute_mz, require_mz

GLUCOSE = "C6H12O6"
ELECTRON = 0.000548579909
PROTON = 1.00727646688


@pytest.mark.parametrize(
    ("formula", "adduct", "charge", "expected"),
    [
        (GLUCOSE, "+H", None, 181.070664),
        (GLUCOSE, "-H", None, 179.056112),
        (GLUCOSE, "+Na", None, 203.052609),
        (GLUCOSE, "+K", None, 219.026546),
        (GLUCOSE, "+NH4", None, 198.097214),
        (GLUCOSE, "+Cl", None, 215.032789),
        (GLUCOSE, "-H2O+H", None, 163.060100),
        (GLUCOSE, "+Na-2H", None, 201.038056),
        (GLUCOSE, "[M]+", None, 180.063388 - ELECTRON),
        (GLUCOSE, "M+", None, 180.063388 - ELECTRON),
        (GLUCOSE, "[M]-", None, 180.063388 + ELECTRON),
        (GLUCOSE, "[M+H]+", None, 181.070664),
        (GLUCOSE, "[M-H]-", None, 179.056112),
        (GLUCOSE, "[M+2H]2+", None, 180.063388 / 2 + PROTON),
        (GLUCOSE, "\N{MINUS SIGN}H", None, 179.056112),
        (GLUCOSE, " + H ", None, 181.070664),
        (GLUCOSE, None, 1, 180.063388 - ELECTRON),
        (GLUCOSE, "+2H", 2, 180.063388 / 2 + PROTON),
        ("(CH2)6O6", "+H", None, 181.070664),
        ("[13C]6H12O6", "+H", None, 187.090793),
        ("C34H32FeN4O4", "[M]+", None, 616.176799),
    ],
)
def test_known_ions_have_their_known_mz(formula: str, adduct: str | None, charge: int | None, expected: float) -> None:
    assert compute_mz(formula, adduct, charge) == pytest.approx(expected, abs=2e-6)


def test_the_mz_is_that_of_the_most_abundant_isotope() -> None:
    """Of Br2, 79Br81Br is twice as frequent as 79Br79Br; of 100 carbon atoms, one is 13C more often than none."""
    assert compute_mz("C10H10Br2", "[M]+") == pytest.approx(289.9124, abs=1e-3)
    assert compute_mz("C120H240", "[M]+") == pytest.approx(120 * 12 + 240 * 1.00782503 + 1.00336, abs=2e-3)


@pytest.mark.parametrize(
    ("formula", "adduct", "charge", "noun"),
    [
        ("Xx", "+H", None, "formula 'Xx'"),
        ("", "+H", None, "formula ''"),
        ("Ala", "+H", None, "formula 'Ala'"),
        ("C6H12O6+", "+H", None, "charge 1"),
        ("C99999999", "+H", None, "20,000 Da"),
        ("C" * 300, "+H", None, "300 characters"),
        (GLUCOSE, "hello", None, "adduct 'hello'"),
        (GLUCOSE, "[M+H", None, r"adduct '\[M\+H'"),
        (GLUCOSE, "+", None, r"adduct '\+'"),
        (GLUCOSE, "[+H]+", None, "adduct"),
        (GLUCOSE, "+Zn", None, r"charge .*'\+Zn'"),
        (GLUCOSE, "+Xx", 1, "adduct 'Xx'"),
        (GLUCOSE, None, None, "charge"),
        (GLUCOSE, "+Na-H", None, "charge"),
        ("C6", "-H", None, "H from 'C6'"),
        (GLUCOSE, "+H-CHCA", None, "CHCA from 'C6H12O6'"),
        ("H", "-H", None, "0 Da"),
    ],
)
def test_an_invalid_ion_is_a_clear_error(formula: str, adduct: str | None, charge: int | None, noun: str) -> None:
    with pytest.raises(InvalidAnnotationsError, match=noun) as caught:
        compute_mz(formula, adduct, charge)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("adduct", "charge"),
    [
        ("+99999999Na", None),
        (f"+{'9' * 150}H", None),
        (f"[M+H]{'9' * 150}+", None),
        ("[M+H]0+", None),
        ("[0M+H]+", None),
        (f"[{'9' * 150}M+H]+", None),
        ("[M]" + "+" * 150, None),
        ("+H", 10**300),
        ("+H", -21),
        ("+H", 0),
    ],
)
def test_an_extreme_count_or_charge_is_a_clear_error(adduct: str, charge: int | None) -> None:
    with pytest.raises(InvalidAnnotationsError):
        compute_mz(GLUCOSE, adduct, charge)


@pytest.mark.parametrize("mz", [0.0, -1.0, 1e308, 2e305, 1_000_001.0, float("inf"), float("nan")])
def test_an_mz_that_no_ion_has_is_refused(mz: float) -> None:
    with pytest.raises(InvalidAnnotationsError, match="m/z"):
        require_mz(mz)


@pytest.mark.parametrize(
    ("adduct", "same_as"),
    [
        ("[M+DHB+H]+", "[M+C7H6O4+H]+"),
        ("[M+2,5-DHB+H]+", "[M+C7H6O4+H]+"),
        ("[M+2DHB+H]+", "[M+C14H12O8+H]+"),
        ("[M-H+dhb]-", "[M+C7H6O4-H]-"),
        ("[M+CHCA+H]+", "[M+C10H7NO3+H]+"),
        ("[M+HCCA+K]+", "[M+C10H7NO3+K]+"),
        ("[M+9-AA-H]-", "[M+C13H10N2-H]-"),
        ("[M+9AA+H]+", "[M+C13H10N2+H]+"),
        ("[M+1,5-DAN+H]+", "[M+C10H10N2+H]+"),
        ("[M+DPH+H]+", "[M+C18H16+H]+"),
        ("[M+HFIP-H]-", "[M+C3H2F6O-H]-"),
        ("[M+THF+Na]+", "[M+C4H8O+Na]+"),
        ("[M+PrOH+H]+", "[M+C3H8O+H]+"),
        ("[M+IsoProp+H]+", "[M+C3H8O+H]+"),
        ("[M+ACN+H]+", "[M+C2H3N+H]+"),
        ("[M+2ACN+2H]2+", "[M+C4H6N2+2H]2+"),
        ("[M+MeOH+H]+", "[M+CH4O+H]+"),
        ("[M+DMSO+H]+", "[M+C2H6OS+H]+"),
        ("[M+FA-H]-", "[M+HCOO]-"),
        ("[M+HAc-H]-", "[M+CH3COO]-"),
        ("[M+Hac-H]-", "[M+CH3COO]-"),
        ("[M+OAc]-", "[M+CH3COO]-"),
        ("[M+TFA-H]-", "[M+CF3COO]-"),
        ("+DHB+H", "[M+C7H6O4+H]+"),
        ("+FA-H", "[M+HCOO]-"),
    ],
)
def test_a_matrix_or_solvent_in_an_adduct_is_read_as_its_molecule(adduct: str, same_as: str) -> None:
    assert compute_mz(GLUCOSE, adduct) == pytest.approx(compute_mz(GLUCOSE, same_as), abs=1e-9)


def test_glucose_with_a_molecule_of_dhb_has_its_known_mz() -> None:
    assert compute_mz(GLUCOSE, "[M+DHB+H]+") == pytest.approx(335.0973, abs=1e-4)


@pytest.mark.parametrize(
    ("formula", "adduct", "noun"),
    [
        (GLUCOSE, "[M+Ac-H]-", "'Ac'"),
        (GLUCOSE, "[M+NEDC+H]+", "'NEDC'"),
        (GLUCOSE, "[M+NaAc+H]+", "Ac"),
        (GLUCOSE, "[M+NH4Fm-H]-", "Fm"),
        (GLUCOSE, "[M+No]+", "No"),
        (GLUCOSE, "[M+SDHB+H]+", "SDHB"),
        (GLUCOSE, "[M+DHB2+H]+", "DHB2"),
        (GLUCOSE, "[M+CA+H]+", "CA"),
        ("DHB", "+H", "C7H6O4"),
        ("HDO", "+H", "deuterium"),
        ("2H2O", "+H", "count"),
        ("No", "+H", "No"),
    ],
)
def test_an_ambiguous_formula_or_adduct_is_refused(formula: str, adduct: str, noun: str) -> None:
    with pytest.raises(InvalidAnnotationsError, match=noun):
        compute_mz(formula, adduct)


def test_deuterium_is_an_element_where_it_is_unambiguous() -> None:
    assert compute_mz("C6D6", "[M]+") == pytest.approx(84.083518, abs=1e-3)
    assert compute_mz(GLUCOSE, "[M+D]+") == pytest.approx(182.076941, abs=1e-5)


@pytest.mark.parametrize(
    ("adduct", "same_as"),
    [
        ("M+K", "+K"),
        ("M-H", "-H"),
        ("M+H+", "+H"),
        ("[M\u2013H]\u207b", "-H"),
        ("[M\u2212H]\u2212", "-H"),
        ("[M+2H]\u00b2\u207a", "[M+2H]2+"),
        ("[M+2H]+2", "[M+2H]2+"),
        ("[M+2H]++", "[M+2H]2+"),
        ("[M\uff0bH]+", "+H"),
        ("[M]+\u2022", "[M]+"),
        ("[M]\u00b7+", "[M]+"),
        ("[M]+.", "[M]+"),
    ],
)
def test_every_common_spelling_of_an_adduct_is_read(adduct: str, same_as: str) -> None:
    assert compute_mz(GLUCOSE, adduct) == compute_mz(GLUCOSE, same_as)
    assert compute_mz("C\u2086H\u2081\u2082O\u2086", adduct) == compute_mz(GLUCOSE, same_as)


def test_an_ion_may_hold_several_molecules() -> None:
    assert compute_mz(GLUCOSE, "[2M+Na]+") == pytest.approx(383.115997, abs=1e-5)


def test_a_charge_that_contradicts_the_adduct_is_refused() -> None:
    with pytest.raises(InvalidAnnotationsError, match="contradicts"):
        compute_mz(GLUCOSE, "[M+2H]2+", 1)
    assert compute_mz(GLUCOSE, "[M+2H]2+", 2) == compute_mz(GLUCOSE, "[M+2H]2+")
    with pytest.raises(InvalidAnnotationsError, match=r"M\+2H2\+"):  # H2 with a charge, or H with two
        compute_mz(GLUCOSE, "M+2H2+")


LETTERS = st.text(st.sampled_from("CHNOPSaeiklr0123456789()[]+-.,*{}^_ MDBAFc\u2212\u00e9\u207a\u00b2"), max_size=12)


@given(formula=LETTERS | st.text(max_size=8), adduct=LETTERS | st.none(), charge=st.none() | st.integers(-20, 20))
def test_any_text_is_an_mz_or_a_clear_error(formula: str, adduct: str | None, charge: int | None) -> None:
    try:
        mz = compute_mz(formula, adduct, charge)
    except InvalidAnnotationsError:
        return
    assert 0 < mz < 25_000
