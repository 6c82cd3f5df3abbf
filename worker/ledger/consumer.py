"""The name of a consumer of the events streams: it says which process of which worker holds an entry."""

import os
import socket
import uuid
from dataclasses import dataclass
from typing import Self

_UNIQUE_DIGITS = 12


@dataclass(frozen=True)
class Consumer:
    """A process that claims entries; its name is `<worker>/<pid>/<unique part>`."""

    worker: str
    """`<name>@<host>`, as Celery calls the worker."""
    pid: int
    unique: str
    """Distinguishes a process from an earlier one with the same pid."""

    @classmethod
    def of_this_process(cls, worker: str | None = None) -> Self:
        """A new consumer; call it after the fork."""
        return cls(worker or f"unnamed@{socket.gethostname()}", os.getpid(), uuid.uuid4().hex[:_UNIQUE_DIGITS])

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name; one that an earlier version chose, which had the unique part only, has pid 0."""
        worker, _, rest = name.rpartition("/")
        worker, _, pid = worker.rpartition("/")
        if not worker or not pid.isascii() or not pid.isdigit():
            return cls("", 0, name)
        return cls(worker, int(pid), rest)

    def __str__(self) -> str:
        return f"{self.worker}/{self.pid}/{self.unique}"
