"""Tiles buffered on disk while the ion images stream by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile, gettempdir
from typing import Final

import numpy as np

from shared.errors import NoRoomError
from shared.files.closable import Closable
from shared.files.temporary_room import FULL_DISK_ERRNOS
from shared.ion_image import IonImage
from worker.report.tile import Tile, make_tile

MOST_BYTES: Final = 64 * 2**20
"""Of all tiles together; larger ion images are binned."""

FEWEST_PIXELS: Final = 32 * 32
"""Of one tile, however many there are."""

MOST_PIXELS: Final = 512 * 512
"""Of one tile, however few there are."""


@dataclass(frozen=True)
class _Place:
    """Where a tile lies in the file."""

    offset: int
    shape: tuple[int, int]
    ceiling: float
    maximum: float


class TileBuffer(Closable):
    """Stores tiles and reads them back in any order.

    The file has no name, so it vanishes with the process. Tiles may be added in another thread than they are read in,
    but not at the same time.
    """

    def __init__(self, images: int) -> None:
        """Begin without tiles, for at most this number of images."""
        self._most_pixels = min(max(MOST_BYTES // max(images, 1), FEWEST_PIXELS), MOST_PIXELS)
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._places: dict[str, _Place] = {}
        self._end = 0

    def __contains__(self, annotation_id: str) -> bool:
        return annotation_id in self._places

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def add(self, annotation_id: str, ion_image: IonImage) -> None:
        """Append the tile of an ion image.

        Raises
        ------
        NoRoomError
            When the temporary folder is full.
        """
        tile = make_tile(ion_image, self._most_pixels)
        height, width = tile.codes.shape
        try:
            self._file.seek(self._end)
            self._file.write(tile.codes.tobytes())
            self._file.flush()
        except OSError as error:
            if error.errno not in FULL_DISK_ERRNOS:
                raise
            raise NoRoomError(f"ion images of the report do not fit into {gettempdir()} ({error.strerror})") from error
        self._places[annotation_id] = _Place(self._end, (height, width), tile.ceiling, tile.maximum)
        self._end += tile.codes.size

    def read(self, annotation_id: str) -> Tile:
        """The tile of an ion image that was added."""
        place = self._places[annotation_id]
        self._file.seek(place.offset)
        codes = np.frombuffer(self._file.read(place.shape[0] * place.shape[1]), dtype=np.uint8).reshape(place.shape)
        return Tile(codes, place.ceiling, place.maximum)

    def read_all(self, annotation_ids: Iterable[str]) -> Iterator[tuple[str, Tile]]:
        """Those of these annotations that have a tile, in their order."""
        for annotation_id in annotation_ids:
            if annotation_id in self:
                yield annotation_id, self.read(annotation_id)

    def shape(self, annotation_id: str) -> tuple[int, int]:
        """Height and width of a tile, px."""
        return self._places[annotation_id].shape

    def scale(self, annotation_id: str) -> tuple[float, float]:
        """Ceiling and maximum of a tile."""
        place = self._places[annotation_id]
        return place.ceiling, place.maximum
