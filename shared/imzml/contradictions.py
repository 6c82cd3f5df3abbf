"""Notes on contradictions in an imzML file that do not stop it from being read."""

import numpy as np

from shared.imzml.accessions import CONTINUOUS, COUNT_X, COUNT_Y, PROCESSED
from shared.imzml.declared_index import DeclaredIndex
from shared.imzml.index import ImzmlIndex
from shared.imzml.pixel_grid import PixelGrid
from shared.imzml.spectrum_columns import read_whole


def describe_contradictions(declared: DeclaredIndex, index: ImzmlIndex, grid: PixelGrid) -> list[str]:
    """One sentence for each contradiction, saying what was used."""
    found = [
        _describe_representation(declared),
        _describe_spectrum_count(declared),
        _describe_mode(declared, index),
        _describe_size(declared, grid),
        _describe_step(grid),
    ]
    return [sentence for sentence in found if sentence is not None]


def _describe_representation(declared: DeclaredIndex) -> str | None:
    claims = declared.representation
    if claims.misnamed is None or not claims.is_unambiguous:
        return None
    accession, name = claims.misnamed
    used = "centroids" if claims.is_centroid else "profiles"
    return f"{accession} has the name {name!a}: spectra were read as {used}, as declared elsewhere"


def _describe_spectrum_count(declared: DeclaredIndex) -> str | None:
    count = _number(declared.spectrum_count)
    if count is None or count == len(declared):
        return None
    return f"it declares {count:,} spectra and has {len(declared):,}: all that it has were read"


def _describe_mode(declared: DeclaredIndex, index: ImzmlIndex) -> str | None:
    is_continuous, is_processed = CONTINUOUS in declared.header, PROCESSED in declared.header
    filled = index.mz.lengths > 0
    mz_arrays = len(np.unique(index.mz.offsets[filled]))
    if is_continuous and not is_processed and mz_arrays > 1:
        return f"it is declared continuous and has {mz_arrays:,} m/z arrays: each spectrum was read with its own"
    if is_processed and not is_continuous and mz_arrays == 1 and np.count_nonzero(filled) > 1:
        return "it is declared processed and has one m/z array: all spectra were read with it"
    return None


def _describe_size(declared: DeclaredIndex, grid: PixelGrid) -> str | None:
    height, width = grid.acquisition_mask.shape
    max_x, max_y = _number(declared.header.get(COUNT_X)), _number(declared.header.get(COUNT_Y))
    if (max_x is None or width <= max_x) and (max_y is None or height <= max_y):
        return None
    return f"it declares {max_x} x {max_y} pixels and its positions span {width} x {height}: the positions were used"


def _describe_step(grid: PixelGrid) -> str | None:
    x, y = grid.step
    if (x, y) == (1, 1):
        return None
    return f"its positions go in steps of {x} (x) and {y} (y): they were divided by these steps"


def _number(text: str | None) -> int | None:
    """A positive 64-bit count; None when it is missing or anything else."""
    try:
        found = read_whole(text or "")
    except ValueError:
        return None
    return found if 0 < found < 2**63 else None
