"""Damage an intact imzML file, and read it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared.imzml.dataset import open_imzml
from shared.limits import Limits

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def read(path: Path, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
    """Read all of a file."""
    dataset = open_imzml(path, path.with_suffix(".ibd"), limits)
    for _ in dataset.extract(np.array([150.0]), 1e5):
        pass
    dataset.pick_peaks(3, 10)


def change(old: str, new: str, count: int = -1) -> Callable[[str], str]:
    """Replace text that must be there."""

    def make(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return make


def put(accession: str, value: str, count: int = 0) -> Callable[[str], str]:
    """Replace the values of a cvParam."""

    def make(text: str) -> str:
        changed, times = re.subn(rf'(accession="{accession}"[^>]* value=")[^"]*', rf"\g<1>{value}", text, count=count)
        assert times > 0, accession
        return changed

    return make


def drop(accession: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf'<cvParam [^>]*accession="{accession}"[^>]*/>', "", text)


def rewrite(path: Path, *changes: Callable[[str], str]) -> Path:
    """Change the text of an .imzML file in place."""
    text = path.read_text(encoding="latin-1")
    for make in changes:
        text = make(text)
    path.write_text(text, encoding="latin-1")
    return path


def rename(accession: str, name: str) -> Callable[[str], str]:
    """Give an accession's cvParams another name."""
    return _replace(rf'(accession="{accession}"[^>]* name=")[^"]*', rf"\g<1>{name}")


def renumber(name: str, accession: str) -> Callable[[str], str]:
    """Give the cvParams of a name another accession."""
    return _replace(rf'accession="[^"]*"([^>]* name="{re.escape(name)}")', rf'accession="{accession}"\1')


def without_arrays(*numbers: int) -> Callable[[str], str]:
    """Remove the list of arrays from some spectra, numbered from 0, as some converters write an empty spectrum."""

    def make(text: str) -> str:
        spectra = re.findall(r"<spectrum .*?</spectrum>", text, re.DOTALL)
        for number in numbers:
            bare = re.sub(r"<binaryDataArrayList.*?</binaryDataArrayList>", "", spectra[number], flags=re.DOTALL)
            assert bare != spectra[number]
            text = text.replace(spectra[number], bare)
        return text

    return make


def _replace(pattern: str, replacement: str) -> Callable[[str], str]:
    def make(text: str) -> str:
        changed, times = re.subn(pattern, replacement, text)
        assert times > 0, pattern
        return changed

    return make
