"""What is kept of a message that is too large for a dead letter."""

from hashlib import sha256
from typing import cast

from redis import Redis

from worker.ledger.claim import Claim
from worker.memory_limit import is_memory_error

_Entries = list[tuple[bytes, dict[bytes, bytes]]]

_HEAD_BYTES = 4096
_MAX_DIGESTED_BYTES = 256 * 2**20


def describe_oversized(server: Redis, claim: Claim) -> tuple[bytes, str]:
    """The beginning of the claimed message and its SHA-256.

    The latter in hex digits; empty for a message above 256 MiB, or larger than this process can take in.
    """
    if claim.message_bytes > _MAX_DIGESTED_BYTES:
        return b"(larger than 256 MiB)", ""
    try:
        entries = cast("_Entries", server.xrange(claim.stream, claim.entry_id, claim.entry_id))
    except Exception as error:  # redis-py may raise another error while it handles the MemoryError
        if not is_memory_error(error):
            raise
        server.connection_pool.disconnect()  # the rest of the reply is still on its way
        return b"(too large to be read)", ""
    message = entries[0][1].get(b"message", b"") if entries else b""
    return message[:_HEAD_BYTES] or b"(deleted)", sha256(message).hexdigest()
