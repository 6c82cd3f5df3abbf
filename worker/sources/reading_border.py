"""The border behind which foreign files are read: what a library raises there is an answer, and no failed event.

Every reader turns what its libraries are known to raise into an error of this project. What gets here was not known
when the reader was written. It repeats itself however often the event is tried, so trying it again would cost a worker
each time and end as a dead letter that says nothing of the file. It may as well be a defect of this project's own: so
it is logged as an error, with its traceback, and the answer says that it was not foreseen. Errors of the operating
system are not caught, for they may pass, nor is a want of memory, which has an answer of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.errors import OffSampleError, UnreadableInputError
from shared.files.closable import Closable
from worker.memory_limit import is_want_of_memory
from worker.messages.event import Annotation
from worker.sources.source import FetchedIonImage, IonImageSource


@contextmanager
def unforeseen_errors_refused() -> Iterator[None]:
    """Turn what only a foreign file, or a defect, can have raised into `UnreadableInputError`."""
    try:
        yield
    except (OffSampleError, OSError):
        raise
    except Exception as error:
        if is_want_of_memory(error):
            raise
        import structlog  # noqa: PLC0415 - a command on files need not wait for it

        structlog.get_logger(__name__).exception("reading_failed", kind=type(error).__name__)
        raise UnreadableInputError(
            f"reading failed in a way that was not foreseen ({type(error).__name__}:"
            f" {str(error).partition(chr(10))[0][:200]!a}); expected sound files, and where they are sound, this is a"
            " defect to be reported"
        ) from error


class BorderedSource(Closable):
    """A source of ion images behind the border."""

    def __init__(self, source: IonImageSource) -> None:
        self._source = source

    @property
    def notes(self) -> tuple[str, ...]:
        """As the source's."""
        return self._source.notes

    def annotations(self) -> Sequence[Annotation]:
        """As the source's."""
        with unforeseen_errors_refused():
            return self._source.annotations()

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """As the source's; what its consumer does meanwhile is not behind the border."""
        with unforeseen_errors_refused():
            found = self._source.fetch(annotations)
        while True:
            with unforeseen_errors_refused():
                one = next(found, None)
            if one is None:
                return
            yield one

    def close(self) -> None:
        """Close the source."""
        self._source.close()
