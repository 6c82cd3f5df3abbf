"""What was changed about the pixels of a dataset's ion images, in one sentence for all of them."""

from shared.ion_image import IonImage


class PixelNotes:
    """Counts the ion images whose pixels did not stay as they came, and remembers what happened to the first."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def add(self, annotation_id: str, ion_image: IonImage) -> IonImage:
        """Take note of one ion image, and give it back."""
        if ion_image.note is not None:
            self._count += 1
            self._first = self._first or f"{annotation_id[:100]!a}: {ion_image.note}"
        return ion_image

    @property
    def sentences(self) -> tuple[str, ...]:
        """One, or none when all pixels stayed as they came."""
        return (f"{self._count:,} ion images have bad pixels; of the first, {self._first}",) if self._count else ()
