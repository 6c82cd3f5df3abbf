"""What holds of an imzML file: its statements, compared with its .ibd file."""

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
from shared.imzml.progress import ProgressCallback
from shared.limits import Limits

_HASHED_BYTES: Final = 2**22


def resolve_index(stated: DeclaredIndex, ibd: Path | OpenedFile, limits: Limits, watch: ProgressCallback) -> ImzmlIndex:
    """Compare what an imzML file states with its .ibd file, and find out what holds.

    Raises
    ------
    InvalidIonImageError
        When the .ibd file belongs to another imzML file, or statements contradict each other and nothing tells which
        holds.
    TooLargeError
        When it is larger than `limits` allow.
    """
    with open_foreign_file(ibd, limits.ibd_bytes) as (descriptor, size):
        uuid, uuid_notes = _resolve_uuid(stated, ibd.name, descriptor, size, watch)
        mz = resolve_layout(stated, "m/z", MAX_POINTS, descriptor, size)
        intensity = resolve_layout(stated, "intensity", MAX_POINTS, descriptor, size)
    claims = stated.representation
    return ImzmlIndex(
        file_name=stated.file_name,
        uuid=uuid,
        is_centroid=claims.is_centroid if claims.is_unambiguous else None,
        numbers=np.arange(1, len(stated) + 1),
        coordinates=stated.coordinates,
        mz=mz.layout,
        intensity=intensity.layout,
        notes=(*stated.notes, *uuid_notes, *mz.notes, *intensity.notes),
    )


def _resolve_uuid(
    stated: DeclaredIndex, name: str, descriptor: int, size: int, watch: ProgressCallback
) -> tuple[str | None, list[str]]:
    """The UUID that the .ibd file must begin with, None where none is stated.

    Where another one is there, a checksum that the imzML states tells whether the file is the right one.
    """
    digits = stated.header.get(UUID, "").strip("{} ").replace("-", "").lower()
    if re.fullmatch("[0-9a-f]{32}", digits) is None:
        return None, []
    found = read_uuids(descriptor)
    if digits in found:
        return digits, []
    for accession, algorithm in CHECKSUMS.items():
        checksum = "".join(stated.header.get(accession, "").split()).lower()
        if checksum and checksum == _hash(descriptor, size, algorithm, watch):
            return found[0], [f"it names the UUID {digits} and its .ibd file {found[0]}: the {algorithm} is right"]
    raise mismatched_uuid_error(name, descriptor, stated.file_name, digits)


def _hash(descriptor: int, size: int, algorithm: str, watch: ProgressCallback) -> str:
    found = hashlib.new(algorithm, usedforsecurity=False)
    place = 0
    while part := os.pread(descriptor, _HASHED_BYTES, place):
        found.update(part)
        place += len(part)
        watch("comparing checksums", min(place, size), size)
    return found.hexdigest()
