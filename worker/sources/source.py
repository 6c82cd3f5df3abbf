"""The interface of sources of ion images."""

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
    """The ion image of one annotation, or the reason why it has none."""

    annotation_id: str
    ion_image: IonImage | None = None
    reason: str | None = None


class IonImageSource(Protocol):
    """The ion images of one dataset; a context manager that ends with `close`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How contradictions in the dataset were resolved, and what was left out: one sentence each, for people.

        Escape what a sentence quotes from the dataset (`!a`). Notes may be added while images are read, so read them
        after the last image. The command line prints them on stderr, the worker logs them as `notes`.
        """
        ...

    def annotations(self) -> Sequence[Annotation]:
        """Every ion of the dataset, for events without annotations."""
        ...

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield exactly one result for each annotation, in any order, with a bounded number in memory.

        A bad image is a result with a reason; an error is raised only when the source as a whole fails.
        """
        ...

    def close(self) -> None:
        """Close files and connections; nothing can be fetched afterwards."""
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
