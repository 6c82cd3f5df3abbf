"""A memory error is recognised whatever class a library raises, and becomes a rejection."""

import errno

import pytest

from shared.errors import InvalidIonImageError, TooLargeError, TransientError
from worker.memory_limit import reject_memory_errors


def _caused_by(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 3.7 GiB for an array"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
        RuntimeError("can't start new thread"),
        ValueError("out of memory: line 1, column 0"),
        OSError("Can't read data (memory allocation failed for raw data chunk)"),
        _caused_by(TransientError("store cannot be read"), MemoryError()),
        _caused_by(RuntimeError("decoding failed"), OSError(errno.ENOMEM, "mmap")),
    ],
)
def test_a_memory_error_is_a_rejection(error: Exception) -> None:
    with pytest.raises(TooLargeError, match="memory"), reject_memory_errors():
        raise error


@pytest.mark.parametrize("error", [ValueError("no such thing"), OSError(errno.EIO, "disk"), TransientError("away")])
def test_other_errors_are_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, reject_memory_errors():
        raise error
    assert raised.value is error


def test_a_rejection_is_unchanged() -> None:
    with pytest.raises(InvalidIonImageError), reject_memory_errors():
        raise InvalidIonImageError("header is out of memory of its own")
