"""What every source of ion images can do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.ion_image import IonImage
from shared.messages.event import Annotation


@dataclass(frozen=True, eq=False)
class FetchedIonImage:
    """One annotation's ion image, or the reason why there is none."""

    annotation_id: str
    ion_image: IonImage | None = None
    reason: str | None = None


class IonImageSource(Protocol):
    """The ion images of one dataset."""

    def annotations(self) -> Sequence[Annotation]:
        """Every ion there is, for events that name none."""
        ...

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield exactly one result an annotation, in any order, holding a bounded number in memory.

        A bad image is a result with a reason; an error is raised only when the source as a whole fails.
        """
        ...
