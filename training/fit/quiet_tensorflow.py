"""Import of TensorFlow without the text that its C++ code prints regardless of the log level."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_errors_hidden() -> Iterator[None]:
    """Redirect file descriptor 2 to the null device; Python exceptions still propagate."""
    sys.stderr.flush()
    kept = os.dup(2)
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(null_device)
        os.close(kept)


def import_tensorflow_quietly() -> None:
    """Import TensorFlow before another module does; not needed with another Keras backend.

    Its Python code then prints errors only: it warns of every ensemble that each member has a graph of its own.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    with native_errors_hidden():
        import tensorflow as tf  # noqa: F401, PLC0415 - imported for its side effects
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
