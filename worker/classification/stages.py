"""When the stages of a classification worked; images are streamed through all of them, so they overlap."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One stage, which works in one thread, with pauses."""

    seconds: float = 0.0
    """How long it worked, without the pauses."""
    started_ns: int = 0
    """`time.time_ns()` when it first began to work; 0 = it did not."""
    ended_ns: int = 0
    """When it last stopped."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the block as work of this stage."""
        began = time.perf_counter()
        self.started_ns = self.started_ns or time.time_ns()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
            self.ended_ns = time.time_ns()


@dataclass(frozen=True)
class Stages:
    """The stages of one classification."""

    fetch: Stage = field(default_factory=Stage)
    """Waiting for ion images and decoding them."""
    preprocess: Stage = field(default_factory=Stage)
    predict: Stage = field(default_factory=Stage)
