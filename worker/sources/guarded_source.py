"""Turns unexpected exceptions while foreign files are read into a rejection of the event.

Every reader translates the exceptions that its libraries are known to raise into errors of this project. Any other
exception would be raised again on every retry and end in a dead letter that does not describe the file. It may also be
a defect of this project, so it is logged as an error with its traceback, and the message says that it was unexpected.
Errors of the operating system are not caught, because they may be temporary, nor is a lack of memory, which has its own
error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.errors import OffSampleError, UnreadableInputError
from shared.files.closable import Closable
from worker.memory_limit import is_memory_error
from worker.messages.event import Annotation
from worker.sources.source import FetchedIonImage, IonImageSource


@contextmanager
def unexpected_errors_translated() -> Iterator[None]:
    """Turn any exception but `OffSampleError`, `OSError` and a lack of memory into `UnreadableInputError`."""
    try:
        yield
    except (OffSampleError, OSError):
        raise
    except Exception as error:
        if is_memory_error(error):
            raise
        import structlog  # noqa: PLC0415 - commands on files should not wait for its import

        structlog.get_logger(__name__).exception("reading_failed", kind=type(error).__name__)
        raise UnreadableInputError(
            f"reading failed unexpectedly ({type(error).__name__}: {str(error).partition(chr(10))[0][:200]!a}); if the"
            " files are valid, please report this as a defect"
        ) from error


class GuardedSource(Closable):
    """A source of ion images whose unexpected exceptions are translated."""

    def __init__(self, source: IonImageSource) -> None:
        self._source = source

    @property
    def notes(self) -> tuple[str, ...]:
        """As the source's."""
        return self._source.notes

    def annotations(self) -> Sequence[Annotation]:
        """As the source's."""
        with unexpected_errors_translated():
            return self._source.annotations()

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """As the source's; exceptions of the consumer are not translated."""
        with unexpected_errors_translated():
            found = self._source.fetch(annotations)
        while True:
            with unexpected_errors_translated():
                one = next(found, None)
            if one is None:
                return
            yield one

    def close(self) -> None:
        """Close the source."""
        self._source.close()
