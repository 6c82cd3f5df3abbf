"""What stands between a foreign zarr folder and the zarr package: only sound files of that very folder get through."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore, WrapperStore

from shared.errors import InvalidIonImageError
from shared.inflation import require_inflates_to_at_most
from shared.limits import Limits, require_at_most

_METADATA = {"zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"}
_STORED_SLACK_BYTES = 65_536
"""What packing may add to a chunk that cannot be shrunk."""


class GuardedZarrStore(WrapperStore[LocalStore]):
    """Reads one folder, and judges each file before zarr sees it.

    Refused are what is no regular file or lies elsewhere (symlinks), too large metadata, and chunks of arrays that were
    not declared to `allow_chunks`, or that would unpack to more than was.
    """

    def __init__(self, store: LocalStore, limits: Limits) -> None:
        super().__init__(store)
        self._folder = Path(store.root).resolve()
        self._limits = limits
        self._chunks: dict[str, tuple[int, str | None]] = {}

    def allow_chunks(self, array_path: str, chunk_bytes: int, codec: str | None) -> None:
        """Declare an array whose chunks unpack, by `codec`, to `chunk_bytes`."""
        self._chunks[array_path] = (chunk_bytes, codec)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read one file, or None where there is none."""
        path = self._folder / key
        if not path.exists():
            return None
        if not path.is_file() or not path.resolve().is_relative_to(self._folder):
            raise InvalidIonImageError(f"{key!r} is no regular file of its folder; right would be one")
        if path.name in _METADATA:
            require_at_most(path.stat().st_size, self._limits.event_bytes, f"size of {key!r} in bytes")
            return await self._store.get(key, prototype, byte_range)
        limit, codec = self._find_limit(key)
        require_at_most(path.stat().st_size, limit + _STORED_SLACK_BYTES, f"size of the stored chunk {key!r} in bytes")
        content = await self._store.get(key, prototype, byte_range)
        if content is not None and codec is not None:
            require_inflates_to_at_most(content.to_bytes(), codec, limit, f"chunk {key!r}")
        return content

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Read several, each through the same gate."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    def _find_limit(self, key: str) -> tuple[int, str | None]:
        name = key.partition("/")[0]
        found = self._chunks.get(name, self._chunks.get(""))
        if found is None:
            raise InvalidIonImageError(f"chunk {key[:100]!r} is of no array that was looked at; right would be one")
        return found

    def _with_store(self, store: Any) -> "GuardedZarrStore":
        return GuardedZarrStore(store, self._limits)
