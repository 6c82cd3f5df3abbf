"""The m/z of ions by formula, adduct and charge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidAnnotationsError
from shared.ion_mz import compute_mz

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


def test_the_most_abundant_isotope_counts_not_the_lightest() -> None:
    """Of Br2, 79Br81Br is twice as frequent as 79Br79Br; of 100 carbon atoms, one is 13C more often than none."""
    assert compute_mz("C10H10Br2", "[M]+") == pytest.approx(289.9124, abs=1e-3)
    assert compute_mz("C120H240", "[M]+") == pytest.approx(120 * 12 + 240 * 1.00782503 + 1.00336, abs=2e-3)


@pytest.mark.parametrize(
    ("formula", "adduct", "charge", "sentence"),
    [
        ("Xx", "+H", None, "formula 'Xx' cannot be understood"),
        ("", "+H", None, "formula '' cannot be understood"),
        ("Ala", "+H", None, "formula 'Ala' cannot be understood"),
        ("C6H12O6+", "+H", None, r"formula 'C6H12O6\+' cannot be understood \(charge 1"),
        ("C99999999", "+H", None, "at most 20,000 Da"),
        ("C" * 300, "+H", None, "300 letters"),
        (GLUCOSE, "hello", None, "adduct 'hello' cannot be understood; right would be one like"),
        (GLUCOSE, "[M+H", None, r"adduct '\[M\+H' cannot be understood"),
        (GLUCOSE, "+Zn", None, r"charge of an ion with the adduct '\+Zn' is not known; right would be a charge"),
        (GLUCOSE, "+Xx", 1, "adduct 'Xx' cannot be understood"),
        (GLUCOSE, None, None, "charge of an ion with the adduct '' is not known"),
        (GLUCOSE, "+Na-H", None, "charge of an ion"),
        ("C6", "-H", None, "takes H from 'C6', which has too few"),
        ("H", "-H", None, "has 0 Da"),
        (GLUCOSE, "+99999999Na", None, "at most 20,000"),
    ],
)
def test_a_wrong_ion_is_one_sentence(formula: str, adduct: str | None, charge: int | None, sentence: str) -> None:
    with pytest.raises(InvalidAnnotationsError, match=sentence) as caught:
        compute_mz(formula, adduct, charge)
    assert "right would be" in str(caught.value)
    assert "\n" not in str(caught.value)


LETTERS = st.text(st.sampled_from("CHNOPSaeiklr0123456789()[]+-.*{}^_ MD\u2212\u00e9"), max_size=12)


@given(formula=LETTERS | st.text(max_size=8), adduct=LETTERS | st.none(), charge=st.none() | st.integers(-20, 20))
def test_any_text_is_an_mz_or_a_clear_error(formula: str, adduct: str | None, charge: int | None) -> None:
    try:
        mz = compute_mz(formula, adduct, charge)
    except InvalidAnnotationsError:
        return
    assert 0 < mz < 25_000
