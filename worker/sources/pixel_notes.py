"""One note about all ion images of a dataset whose pixels were changed."""

from shared.counting import count_of
from shared.ion_image import IonImage


class PixelNotes:
    """Counts the ion images with changed pixels, and keeps the note of the first one."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def add(self, annotation_id: str, ion_image: IonImage) -> IonImage:
        """Count one ion image if it has a note, and return it."""
        if ion_image.note is not None:
            self._count += 1
            self._first = self._first or f"{annotation_id[:100]!a}: {ion_image.note}"
        return ion_image

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence, or none if no pixels were changed."""
        return (
            (f"{count_of(self._count, 'ion image')} with bad pixels; of the first, {self._first}",)
            if self._count
            else ()
        )
