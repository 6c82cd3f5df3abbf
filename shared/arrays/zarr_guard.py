"""A store that passes only checked files of one folder to the zarr package."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

import numcodecs
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype

from shared.arrays.inflation import require_inflates_to_at_most
from shared.errors import InvalidIonImageError, NotFoundError
from shared.files.foreign_file import OpenedFolder, read_foreign_file
from shared.limits import MEBIBYTE, Limits, require_at_most

ReadFile = Callable[[str, int], bytes | None]
"""Reads the file of a key, raising `TooLargeError` above a size; None where there is none."""
_METADATA = {"zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"}
_METADATA_BYTES = 2 * MEBIBYTE
"""Maximum size of a metadata file; parsed, it may take thirty times as much."""
_NOTHING: tuple[str, ...] = ()
_STORED_SLACK_BYTES = 65_536
"""What compression may add to incompressible data."""


@dataclass(frozen=True)
class ChunkRule:
    """Limits of the chunks of an array."""

    max_bytes: int
    """Of a chunk, decompressed."""
    codec: str | None
    """Its compression, see `require_inflates_to_at_most`."""
    strings: int | None = None
    """Maximum number of strings of variable length in it; None where it holds others, or numbers."""


class GuardedZarrStore(Store):
    """Read-only; checks each file before zarr gets it.

    Refuses too large metadata, chunks of arrays that were not passed to `allow_chunks`, and chunks that would
    decompress to more than its rule allows.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = False

    def __init__(self, read: ReadFile, limits: Limits) -> None:
        super().__init__(read_only=True)
        self._read = read
        self._limits = limits
        self._chunks: dict[str, ChunkRule] = {}

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def allow_chunks(self, array_path: str, rule: ChunkRule) -> None:
        """Allow the chunks of an array that was checked."""
        self._chunks[array_path] = rule

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read one file, or None where there is none."""
        if byte_range is not None:
            raise InvalidIonImageError(
                f"reading {key[:100]!r} needs only a part of the file, as in a shard; expected chunks without shards"
            )
        content = await asyncio.to_thread(self._read_checked, key)
        return None if content is None else prototype.buffer.from_bytes(content)

    def _read_checked(self, key: str) -> bytes | None:
        if key.rpartition("/")[2] in _METADATA:
            return self._read(key, min(self._limits.event_bytes, _METADATA_BYTES))
        rule = self._find_rule(key)
        content = self._read(key, rule.max_bytes + _STORED_SLACK_BYTES)
        if content is not None and rule.codec is not None:
            require_inflates_to_at_most(content, rule.codec, rule.max_bytes, f"chunk {key!r}")
        if content is not None and rule.strings is not None:
            _require_few_strings(content, rule.codec, rule.strings, f"chunk {key!r}")
        return content

    def _find_rule(self, key: str) -> ChunkRule:
        found = self._chunks.get(key.partition("/")[0], self._chunks.get(""))
        if found is None:
            raise InvalidIonImageError(
                f"chunk {key[:100]!r} does not belong to an array that was opened; expected a chunk of one of them"
            )
        return found

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Read several, each with the same checks."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        return await self.get(key, default_buffer_prototype()) is not None

    async def set(self, key: str, value: Buffer) -> None:  # noqa: ARG002 - zarr's signature
        """Nothing is written."""
        self._check_writable()

    async def delete(self, key: str) -> None:  # noqa: ARG002 - zarr's signature
        """Nothing is deleted."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Nothing is listed: arrays are opened by name."""
        for key in _NOTHING:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:  # noqa: ARG002 - zarr's signature
        """Nothing is listed."""
        for key in _NOTHING:
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:  # noqa: ARG002 - zarr's signature
        """Nothing is listed."""
        for key in _NOTHING:
            yield key


def _require_few_strings(content: bytes, codec: str | None, most: int, what: str) -> None:
    """Decoding allocates memory for as many strings as the first 4 bytes declare, whether they exist or not."""
    decompressed = content if codec is None else bytes(numcodecs.get_codec({"id": codec}).decode(content))
    require_at_most(int.from_bytes(decompressed[:4], "little"), most, f"number of strings of {what}")


def read_below(folder: OpenedFolder) -> ReadFile:
    """Read files of one folder; symlinks and other than regular files are refused."""

    def read(key: str, max_bytes: int) -> bytes | None:
        try:
            with folder.open_file(key) as file:
                return read_foreign_file(file, max_bytes)
        except FileNotFoundError:
            return None
        except NotFoundError as error:
            raise InvalidIonImageError(f"expected a regular file, but {key[:100]!r} is not one") from error
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EXDEV):
                raise
            raise InvalidIonImageError(
                f"{key[:100]!r} leads out of its folder, or is a symlink; expected a file"
            ) from error

    return read
