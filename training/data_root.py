"""Folder of the real data described in training/data/README.md."""

from pathlib import Path

DATA_ROOT = Path(__file__).parent / "data"
