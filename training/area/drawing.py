"""Drawing of examples, in parts that are kept on disk, so that an interrupted run goes on where it stopped."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np

from training.acquisitions.acquisition import Acquisition
from training.acquisitions.series import load_acquisitions
from training.area.example import AreaExample, from_dataset, from_window, read_examples, write_examples
from training.synthetic.mixture import load_training_mixture
from training.synthetic.random_field import draw_log_uniform
from training.synthetic.sources import Sources, load_sources
from training.synthetic.whole_dataset import draw_whole_dataset
from training.windows.settings import WindowSettings
from training.windows.source import draw_window

Kind = Literal["window", "semi-synthetic"]
KINDS: tuple[Kind, Kind] = ("window", "semi-synthetic")

MOST_IONS = 32
"""Ions of an example, log-uniform from 1 to this."""

_PART = 200
"""Examples of one file."""

_WINDOWS = WindowSettings(most_ions=MOST_IONS)


def draw_pool(
    folder: Path, examples: int, mixture: str, seed: int, on_part: Callable[[int, int], None]
) -> list[AreaExample]:
    """As many windows as `examples`, and as many semi-synthetic datasets; those in `folder` are not drawn again.

    Each example is made of one acquisition or of the textures of one, named by its `origin`, so that a fold keeps
    those of the acquisitions that it may be fitted on. Outlines come from METASPACE's gold standard.

    Parameters
    ----------
    on_part
        Called with the number of parts that are done and of all parts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(kind, number) for kind in KINDS for number in range(-(-examples // _PART))]
    paths = {part: folder / f"{part[0]}-{part[1]:03}.npz" for part in parts}
    missing = [part for part in parts if not paths[part].exists()]
    on_part(len(parts) - len(missing), len(parts))
    if missing:
        draw = partial(_draw_part, mixture, seed, examples)
        with ProcessPoolExecutor(
            os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
            mp_context=get_context("spawn"),
        ) as executor:
            waiting = [executor.submit(draw, kind, number, paths[kind, number]) for kind, number in missing]
            for done, one in enumerate(as_completed(waiting), start=1):
                one.result()
                on_part(len(parts) - len(missing) + done, len(parts))
    return [example for part in parts for example in _read(paths[part], examples - part[1] * _PART)]


def _read(path: Path, wanted: int) -> list[AreaExample]:
    return read_examples(path)[:wanted]


def _draw_part(mixture: str, seed: int, examples: int, kind: Kind, number: int, path: Path) -> None:
    draw = _draw_window if kind == "window" else partial(_draw_dataset, mixture)
    rows = range(number * _PART, min((number + 1) * _PART, examples))
    write_examples([draw((seed, KINDS.index(kind), row)) for row in rows], path)


def _draw_window(seed: tuple[int, ...]) -> AreaExample:
    return from_window(draw_window(_acquisitions(), _sources().outlines, seed, _WINDOWS))


def _draw_dataset(mixture: str, seed: tuple[int, ...]) -> AreaExample:
    rng = np.random.default_rng(seed)
    ions = round(draw_log_uniform(1, MOST_IONS, rng))
    return from_dataset(draw_whole_dataset(_sources(), load_training_mixture(mixture), ions, rng))


@cache
def _acquisitions() -> Sequence[Acquisition]:
    return load_acquisitions()


@cache
def _sources() -> Sources:
    return load_sources()
