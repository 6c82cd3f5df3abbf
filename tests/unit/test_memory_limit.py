"""Want of memory is known by whatever a library made of it, and is a rejection."""

import errno

import pytest

from shared.errors import InvalidIonImageError, TooLargeError, TransientError
from worker.memory_limit import refusing_too_large


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
def test_want_of_memory_is_a_rejection_that_says_so(error: Exception) -> None:
    with pytest.raises(TooLargeError, match="memory"), refusing_too_large():
        raise error


@pytest.mark.parametrize("error", [ValueError("no such thing"), OSError(errno.EIO, "disk"), TransientError("away")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, refusing_too_large():
        raise error
    assert raised.value is error


def test_a_rejection_stays_the_rejection_it_is() -> None:
    with pytest.raises(InvalidIonImageError), refusing_too_large():
        raise InvalidIonImageError("header is out of memory of its own")
