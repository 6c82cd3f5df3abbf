"""The state of the pool children: shared memory that they write and the main process reads."""

import mmap
import struct
import threading
import time
from dataclasses import dataclass

_SLOTS = 256
_SLOT_BYTES = 1024
_HEAD = struct.Struct("=qqdd?H")  # pid, starts in a row, started, last sign, is ready, bytes of the failure
_PID, _SIGN = struct.Struct("=q"), struct.Struct("=d")
_SIGN_OFFSET = struct.calcsize("=qqd")
_MAX_FAILURE_BYTES = _SLOT_BYTES - _HEAD.size
_SIGN_SECONDS = 0.5
_MAX_STARTS = 5
_MAX_START_SECONDS = 600.0
_MIN_SILENCE_SECONDS = 2.0


@dataclass(frozen=True)
class ChildState:
    """The state of one pool child at one moment."""

    pid: int
    starts: int
    """How many children started in this slot since one last became ready."""
    is_ready: bool
    started_seconds: float
    """Time since it started."""
    silent_seconds: float
    """Time since its last sign of life."""
    failure: str
    """Why it cannot run events; empty when it can."""

    def is_alive(self, lease_seconds: float) -> bool:
        """Whether it is ready or still starting: a frozen child is silent, a stuck one never becomes ready."""
        if self.silent_seconds > max(_MIN_SILENCE_SECONDS, lease_seconds / 2):
            return False
        return self.is_ready or self.started_seconds < _MAX_START_SECONDS


class ChildBoard:
    """A slot for each child; create it before the pool forks, so that all share its memory."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT_BYTES)

    def begin(self, index: int, pid: int) -> None:
        """In a child: record its start, and start a thread that gives signs of life."""
        _, starts, *_ = self._read(index)
        self._write(index, pid, starts + 1, time.monotonic(), is_ready=False)
        threading.Thread(target=self._sign, args=(index,), name="life", daemon=True).start()

    def make_ready(self, index: int) -> None:
        """In a child: record that it can run events."""
        pid, _, started, *_ = self._read(index)
        self._write(index, pid, 0, started, is_ready=True)

    def fail(self, index: int, reason: str) -> None:
        """In a child: record why no child can ever run an event."""
        pid, starts, started, *_ = self._read(index)
        self._write(index, pid, starts, started, is_ready=False, failure=reason)

    def states(self) -> list[ChildState]:
        """In the main process: every child that has started."""
        now = time.monotonic()
        used_slots = [index for index in range(_SLOTS) if _PID.unpack_from(self._memory, index * _SLOT_BYTES)[0]]
        return [
            ChildState(pid, starts, is_ready, now - started, now - signed, failure)
            for pid, starts, started, signed, is_ready, failure in map(self._read, used_slots)
        ]

    def failure(self) -> str | None:
        """Why this worker can never run an event; None as long as that is not known."""
        for state in self.states():
            if state.failure:
                return state.failure
            if state.starts > _MAX_STARTS:
                return f"{_MAX_STARTS} pool children in a row died before they could run an event"
        return None

    def _sign(self, index: int) -> None:
        offset = index % _SLOTS * _SLOT_BYTES + _SIGN_OFFSET
        while True:
            _SIGN.pack_into(self._memory, offset, time.monotonic())
            time.sleep(_SIGN_SECONDS)

    def _read(self, index: int) -> tuple[int, int, float, float, bool, str]:
        offset = index % _SLOTS * _SLOT_BYTES
        pid, starts, started, signed, is_ready, length = _HEAD.unpack_from(self._memory, offset)
        failure = self._memory[offset + _HEAD.size : offset + _HEAD.size + length].decode(errors="replace")
        return pid, starts, started, signed, is_ready, failure

    def _write(self, index: int, pid: int, starts: int, started: float, *, is_ready: bool, failure: str = "") -> None:
        offset = index % _SLOTS * _SLOT_BYTES
        text = failure.encode(errors="replace")[:_MAX_FAILURE_BYTES]
        self._memory[offset + _HEAD.size : offset + _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._memory, offset, pid, starts, started, time.monotonic(), is_ready, len(text))
