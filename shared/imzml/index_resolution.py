"""Resolve contradictions in an imzML file by comparing it with its .ibd file."""

import hashlib
import os
import re
from pathlib import Path
from typing import Final

import numpy as np

from shared.files.foreign_file import OpenedFile, open_foreign_file
from shared.imzml.accessions import CHECKSUMS, UUID
from shared.imzml.declared_index import DeclaredIndex
from shared.imzml.format_resolution import resolve_layout
from shared.imzml.ibd_file import MAX_POINTS, mismatched_uuid_error, read_uuids
from shared.imzml.index import ImzmlIndex
from shared.limits import Limits
from shared.progress import ProgressCallback

_HASHED_BYTES: Final = 2**22


def resolve_index(
    declared: DeclaredIndex, ibd: Path | OpenedFile, limits: Limits, on_progress: ProgressCallback
) -> ImzmlIndex:
    """Compare the declarations of an imzML file with its .ibd file, and resolve contradictions.

    Raises
    ------
    InvalidIonImageError
        When the .ibd file belongs to another imzML file, or a contradiction cannot be resolved.
    TooLargeError
        When the .ibd file is larger than `limits` allow.
    """
    with open_foreign_file(ibd, limits.ibd_bytes) as (descriptor, size):
        uuid, uuid_notes = _resolve_uuid(declared, ibd.name, descriptor, size, on_progress)
        mz = resolve_layout(declared, "m/z", MAX_POINTS, descriptor, size)
        intensity = resolve_layout(declared, "intensity", MAX_POINTS, descriptor, size)
    claims = declared.representation
    return ImzmlIndex(
        file_name=declared.file_name,
        uuid=uuid,
        is_centroid=claims.is_centroid if claims.is_unambiguous else None,
        numbers=np.arange(1, len(declared) + 1),
        coordinates=declared.coordinates,
        mz=mz.layout,
        intensity=intensity.layout,
        notes=(*declared.notes, *uuid_notes, *mz.notes, *intensity.notes),
    )


def _resolve_uuid(
    declared: DeclaredIndex, name: str, descriptor: int, size: int, on_progress: ProgressCallback
) -> tuple[str | None, list[str]]:
    """The UUID that the .ibd file must begin with; None where none is declared.

    Where the .ibd file begins with another one, it is accepted when a checksum in the imzML matches it.
    """
    digits = declared.header.get(UUID, "").strip("{} ").replace("-", "").lower()
    if re.fullmatch("[0-9a-f]{32}", digits) is None:
        return None, []
    found = read_uuids(descriptor)
    if digits in found:
        return digits, []
    for accession, algorithm in CHECKSUMS.items():
        checksum = "".join(declared.header.get(accession, "").split()).lower()
        if checksum and checksum == _hash(descriptor, size, algorithm, on_progress):
            return found[0], [
                f"it declares the UUID {digits} and its .ibd file has {found[0]}: accepted, as the {algorithm} matches"
            ]
    raise mismatched_uuid_error(name, descriptor, declared.file_name, digits)


def _hash(descriptor: int, size: int, algorithm: str, on_progress: ProgressCallback) -> str:
    found = hashlib.new(algorithm, usedforsecurity=False)
    offset = 0
    while part := os.pread(descriptor, _HASHED_BYTES, offset):
        found.update(part)
        offset += len(part)
        on_progress("comparing checksums", min(offset, size), size)
    return found.hexdigest()
