"""Where the real data of training/data/README.md lie."""

from pathlib import Path

DATA_ROOT = Path(__file__).parent / "data"
