"""What every source of ion images can do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from pydantic import ValidationError

from shared.errors import InvalidAnnotationsError
from shared.ion_image import IonImage
from shared.validation import describe_validation_error
from worker.messages.event import Annotation


@dataclass(frozen=True, eq=False)
class FetchedIonImage:
    """One annotation's ion image, or the reason why there is none."""

    annotation_id: str
    ion_image: IonImage | None = None
    reason: str | None = None


class IonImageSource(Protocol):
    """The ion images of one dataset; a context manager that ends with `close`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was believed where the dataset contradicts itself, or left out: one sentence each, for people.

        Nothing depends on the wording. Escape what a sentence quotes of the dataset (`!a`). More notes may be
        added while images are read, so look at it after the last one: the command line prints them on stderr, the
        worker puts them into the event's log line as `notes`.
        """
        ...

    def annotations(self) -> Sequence[Annotation]:
        """Every ion there is, for events that name none."""
        ...

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield exactly one result an annotation, in any order, holding a bounded number in memory.

        A bad image is a result with a reason; an error is raised only when the source as a whole fails.
        """
        ...

    def close(self) -> None:
        """Give back descriptors and connections; nothing can be fetched then."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def make_annotation(annotation_id: str, image: str | int, mz: float | None = None) -> Annotation:
    """An annotation named after its file or entry.

    Raises
    ------
    InvalidAnnotationsError
        When the name cannot be an annotation id.
    """
    try:
        return Annotation(annotation_id=annotation_id, mz=mz, image=image)
    except ValidationError as error:
        raise InvalidAnnotationsError(
            f"image {image!a} cannot have the annotation id {annotation_id[:100]!a}: {describe_validation_error(error)}"
        ) from error
