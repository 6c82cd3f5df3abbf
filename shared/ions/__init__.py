"""The m/z of ions: formulas, adducts and charges."""
