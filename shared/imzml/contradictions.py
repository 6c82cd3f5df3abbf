"""Where an imzML file contradicts itself and nothing depends on it: what was believed, for people."""

import numpy as np

from shared.imzml.accessions import CONTINUOUS, COUNT_X, COUNT_Y, PROCESSED
from shared.imzml.declared_index import DeclaredIndex
from shared.imzml.index import ImzmlIndex
from shared.imzml.pixel_grid import PixelGrid
from shared.imzml.spectrum_columns import read_whole


def describe_contradictions(stated: DeclaredIndex, index: ImzmlIndex, grid: PixelGrid) -> list[str]:
    """One sentence each."""
    found = [
        _describe_representation(stated),
        _describe_spectrum_count(stated),
        _describe_mode(stated, index),
        _describe_size(stated, grid),
        _describe_step(grid),
    ]
    return [sentence for sentence in found if sentence is not None]


def _describe_representation(stated: DeclaredIndex) -> str | None:
    claims = stated.representation
    if claims.misnamed is None or not claims.is_unambiguous:
        return None
    accession, name = claims.misnamed
    believed = "centroids" if claims.is_centroid else "profiles"
    return f"{accession} is called {name!a}: its spectra were taken for {believed}, as stated elsewhere"


def _describe_spectrum_count(stated: DeclaredIndex) -> str | None:
    count = _number(stated.spectrum_count)
    if count is None or count == len(stated):
        return None
    return f"it states {count:,} spectra and has {len(stated):,}: those that it has were read"


def _describe_mode(stated: DeclaredIndex, index: ImzmlIndex) -> str | None:
    says_continuous, says_processed = CONTINUOUS in stated.header, PROCESSED in stated.header
    filled = index.mz.lengths > 0
    places = len(np.unique(index.mz.offsets[filled]))
    if says_continuous and not says_processed and places > 1:
        return f"it is called continuous and has {places:,} m/z arrays: each spectrum was read with its own"
    if says_processed and not says_continuous and places == 1 and np.count_nonzero(filled) > 1:
        return "it is called processed and has one m/z array: all spectra were read with it"
    return None


def _describe_size(stated: DeclaredIndex, grid: PixelGrid) -> str | None:
    height, width = grid.acquisition_mask.shape
    most_x, most_y = _number(stated.header.get(COUNT_X)), _number(stated.header.get(COUNT_Y))
    if (most_x is None or width <= most_x) and (most_y is None or height <= most_y):
        return None
    return (
        f"it states {most_x} x {most_y} pixels and its positions span {width} x {height}: the positions were believed"
    )


def _describe_step(grid: PixelGrid) -> str | None:
    x, y = grid.step
    if (x, y) == (1, 1):
        return None
    return f"its positions go in steps of {x} (x) and {y} (y): they were divided by them"


def _number(text: str | None) -> int | None:
    """A count that makes sense, None for what is missing, no number or 0."""
    try:
        found = read_whole(text or "")
    except ValueError:
        return None
    return found if 0 < found < 2**63 else None
