"""A source of ion images whose images are kept as tiles while they are classified."""

from collections.abc import Iterator, Sequence

from shared.files.closable import Closable
from worker.messages.event import Annotation
from worker.report.tile_buffer import TileBuffer
from worker.sources.source import FetchedIonImage, IonImageSource


class RecordedSource(Closable):
    """Passes everything on, and adds each ion image to a tile buffer."""

    def __init__(self, source: IonImageSource, tiles: TileBuffer) -> None:
        self._source = source
        self._tiles = tiles

    @property
    def notes(self) -> tuple[str, ...]:
        """As the source's."""
        return self._source.notes

    def annotations(self) -> Sequence[Annotation]:
        """As the source's."""
        return self._source.annotations()

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """As the source's."""
        for fetched in self._source.fetch(annotations):
            if fetched.ion_image is not None:
                self._tiles.add(fetched.annotation_id, fetched.ion_image)
            yield fetched

    def close(self) -> None:
        """Close the source."""
        self._source.close()
