"""What a worker's main process knows of its pool children: memory that both see, written by the children."""

import mmap
import struct
import threading
import time
from dataclasses import dataclass

_SLOTS = 256
_SLOT_BYTES = 1024
_HEAD = struct.Struct("=qqdd?H")  # pid, starts in a row, begun, last sign, is ready, bytes of the failure
_PID, _SIGN = struct.Struct("=q"), struct.Struct("=d")
_SIGN_OFFSET = struct.calcsize("=qqd")
_MOST_FAILURE_BYTES = _SLOT_BYTES - _HEAD.size
_SIGN_SECONDS = 0.5
_MOST_STARTS = 5
_SLOWEST_START_SECONDS = 600.0
_LEAST_SILENCE_SECONDS = 2.0


@dataclass(frozen=True)
class ChildState:
    """One pool child, as it was when it was looked at."""

    pid: int
    starts: int
    """How often a child began in this place since one became ready there."""
    is_ready: bool
    begun_seconds: float
    """How long ago it began."""
    silent_seconds: float
    """How long ago it gave its last sign of life."""
    failure: str
    """Why it cannot work; empty when it can."""

    def is_alive(self, lease_seconds: float) -> bool:
        """Whether it works or may still begin to: a frozen child is silent, a stuck one never gets ready."""
        if self.silent_seconds > max(_LEAST_SILENCE_SECONDS, lease_seconds / 2):
            return False
        return self.is_ready or self.begun_seconds < _SLOWEST_START_SECONDS


class ChildBoard:
    """A place for each child; make it before the pool forks, so that all have the same memory."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT_BYTES)

    def begin(self, index: int, pid: int) -> None:
        """In a child: it begins; a thread gives signs of life from here on."""
        _, starts, *_ = self._read(index)
        self._write(index, pid, starts + 1, time.monotonic(), is_ready=False)
        threading.Thread(target=self._sign, args=(index,), name="life", daemon=True).start()

    def make_ready(self, index: int) -> None:
        """In a child: it can run events."""
        pid, _, begun, *_ = self._read(index)
        self._write(index, pid, 0, begun, is_ready=True)

    def fail(self, index: int, reason: str) -> None:
        """In a child: it can never run an event, and no other could."""
        pid, starts, begun, *_ = self._read(index)
        self._write(index, pid, starts, begun, is_ready=False, failure=reason)

    def states(self) -> list[ChildState]:
        """In the main process: every child that ever began."""
        now = time.monotonic()
        begun_ones = [index for index in range(_SLOTS) if _PID.unpack_from(self._memory, index * _SLOT_BYTES)[0]]
        return [
            ChildState(pid, starts, is_ready, now - begun, now - signed, failure)
            for pid, starts, begun, signed, is_ready, failure in map(self._read, begun_ones)
        ]

    def failure(self) -> str | None:
        """Why this worker can never run an event, as soon as that is known."""
        for state in self.states():
            if state.failure:
                return state.failure
            if state.starts > _MOST_STARTS:
                return f"{_MOST_STARTS} pool children in a row died before they could run an event"
        return None

    def _sign(self, index: int) -> None:
        offset = index % _SLOTS * _SLOT_BYTES + _SIGN_OFFSET
        while True:
            _SIGN.pack_into(self._memory, offset, time.monotonic())
            time.sleep(_SIGN_SECONDS)

    def _read(self, index: int) -> tuple[int, int, float, float, bool, str]:
        offset = index % _SLOTS * _SLOT_BYTES
        pid, starts, begun, signed, is_ready, length = _HEAD.unpack_from(self._memory, offset)
        failure = self._memory[offset + _HEAD.size : offset + _HEAD.size + length].decode(errors="replace")
        return pid, starts, begun, signed, is_ready, failure

    def _write(self, index: int, pid: int, starts: int, begun: float, *, is_ready: bool, failure: str = "") -> None:
        offset = index % _SLOTS * _SLOT_BYTES
        text = failure.encode(errors="replace")[:_MOST_FAILURE_BYTES]
        self._memory[offset + _HEAD.size : offset + _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._memory, offset, pid, starts, begun, time.monotonic(), is_ready, len(text))
