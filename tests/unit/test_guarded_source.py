"""Unexpected exceptions of a library are rejections; those of the consumer, and temporary ones, are not."""

from collections.abc import Iterator, Sequence

import pytest

from shared.errors import InvalidIonImageError, UnreadableInputError
from shared.files.closable import Closable
from shared.ion_image import make_ion_image
from worker.messages.event import Annotation
from worker.sources.guarded_source import GuardedSource, unexpected_errors_translated
from worker.sources.source import FetchedIonImage

ANNOTATIONS = [Annotation(annotation_id=one) for one in "ab"]
EXPECTED: list[Exception] = [InvalidIonImageError("no image"), OSError("disk"), MemoryError()]
UNEXPECTED: list[Exception] = [
    SystemError("bad internal call"), RecursionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    KeyError("x"), OverflowError("too large"), AssertionError(), StopIteration(),
]  # fmt: skip


class FailingSource(Closable):
    """Yields one image, and then raises the exception of its library."""

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


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_an_unexpected_exception_is_a_rejection(error: Exception) -> None:
    with pytest.raises(UnreadableInputError, match="unexpectedly") as caught:
        GuardedSource(FailingSource(error)).annotations()
    assert caught.value.__cause__ is error
    fetched = GuardedSource(FailingSource(error)).fetch(ANNOTATIONS)
    assert next(fetched).annotation_id == "a"
    with pytest.raises(UnreadableInputError):
        next(fetched)


@pytest.mark.parametrize("error", EXPECTED, ids=repr)
def test_an_expected_exception_is_not_changed(error: Exception) -> None:
    with pytest.raises(type(error)):
        GuardedSource(FailingSource(error)).annotations()


def test_a_library_message_is_shortened_to_one_line_without_control_characters() -> None:
    with pytest.raises(UnreadableInputError) as caught, unexpected_errors_translated():
        raise ValueError("a\x1b[31m\nsecond line" + "x" * 1000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_exceptions_of_the_consumer_are_not_changed() -> None:
    fetched = GuardedSource(FailingSource(ValueError())).fetch(ANNOTATIONS)

    def consume() -> None:
        for _ in fetched:
            raise KeyError("consumer")

    with pytest.raises(KeyError):
        consume()


def test_closing_and_notes_are_passed_on() -> None:
    source = FailingSource(ValueError())
    with GuardedSource(source) as guarded:
        assert guarded.notes == ("a note",)
    assert source.is_closed
