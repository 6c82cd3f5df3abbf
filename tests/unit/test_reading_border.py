"""Whatever a library raises on foreign data is a rejection; what the consumer raises, and what may pass, is not."""

from collections.abc import Iterator, Sequence

import pytest

from shared.errors import InvalidIonImageError, UnreadableInputError
from shared.files.closable import Closable
from shared.ion_image import make_ion_image
from worker.messages.event import Annotation
from worker.sources.reading_border import BorderedSource, unforeseen_errors_refused
from worker.sources.source import FetchedIonImage

ANNOTATIONS = [Annotation(annotation_id=one) for one in "ab"]
FORESEEN: list[Exception] = [InvalidIonImageError("no image"), OSError("disk"), MemoryError()]
UNFORESEEN: list[Exception] = [
    SystemError("bad internal call"), RecursionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    KeyError("x"), OverflowError("too large"), AssertionError(), StopIteration(),
]  # fmt: skip


class FailingSource(Closable):
    """Gives one image, and then what its library raised."""

    notes: tuple[str, ...] = ("a note",)

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.is_closed = False

    def annotations(self) -> list[Annotation]:
        raise self.error

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        yield FetchedIonImage(annotations[0].annotation_id, make_ion_image([[1, 2]]))
        raise self.error

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("error", UNFORESEEN, ids=repr)
def test_what_nobody_foresaw_is_a_rejection(error: Exception) -> None:
    with pytest.raises(UnreadableInputError, match="not foreseen") as caught:
        BorderedSource(FailingSource(error)).annotations()
    assert caught.value.__cause__ is error
    fetched = BorderedSource(FailingSource(error)).fetch(ANNOTATIONS)
    assert next(fetched).annotation_id == "a"
    with pytest.raises(UnreadableInputError):
        next(fetched)


@pytest.mark.parametrize("error", FORESEEN, ids=repr)
def test_what_was_foreseen_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)):
        BorderedSource(FailingSource(error)).annotations()


def test_a_message_of_a_foreign_library_cannot_break_the_line() -> None:
    with pytest.raises(UnreadableInputError) as caught, unforeseen_errors_refused():
        raise ValueError("a\x1b[31m\nsecond line" + "x" * 1000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_what_the_consumer_raises_is_not_behind_the_border() -> None:
    fetched = BorderedSource(FailingSource(ValueError())).fetch(ANNOTATIONS)

    def consume() -> None:
        for _ in fetched:
            raise KeyError("consumer")

    with pytest.raises(KeyError):
        consume()


def test_closing_and_notes_go_through() -> None:
    source = FailingSource(ValueError())
    with BorderedSource(source) as bordered:
        assert bordered.notes == ("a note",)
    assert source.is_closed
