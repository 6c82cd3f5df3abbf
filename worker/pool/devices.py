"""One pool child per device."""

import os

from billiard.process import current_process

from model_store.opening import choose_engine, visible_gpus
from model_store.predictors.predictor import Engine
from worker.settings import Settings


def choose_concurrency(settings: Settings) -> int:
    """Number of events to run concurrently: as set, else one per device (each GPU, or the CPU as a whole)."""
    if settings.concurrency:
        return settings.concurrency
    return max(1, len(visible_gpus())) if choose_engine(settings.engine) is Engine.TENSORFLOW else 1


def bind_device() -> None:
    """In a pool child, before CUDA is loaded: make only its own GPU visible."""
    gpus = visible_gpus()
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[child_index() % len(gpus)]


def child_index() -> int:
    """In a pool child: its index in the pool, from 0; a child that replaces another gets the same index."""
    return getattr(current_process(), "index", 0) or 0
