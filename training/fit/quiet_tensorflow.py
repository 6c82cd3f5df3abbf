"""TensorFlow without the paragraphs that its C++ code prints below any log level."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_errors_hidden() -> Iterator[None]:
    """Send file descriptor 2 to nowhere; Python exceptions still rise."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def import_tensorflow_quietly() -> None:
    """Import TensorFlow before anything else does; with another backend of Keras it is not needed."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    with native_errors_hidden():
        import tensorflow as tf  # noqa: F401, PLC0415 - that it happens here is the purpose
