"""What is kept of a message that is too large for a dead letter."""

from hashlib import sha256
from typing import cast

from redis import Redis

from worker.ledger.claim import Claim

_Entries = list[tuple[bytes, dict[bytes, bytes]]]

_HEAD_BYTES = 4096
_MAX_DIGESTED_BYTES = 256 * 2**20


def describe_oversized(server: Redis, claim: Claim) -> tuple[bytes, str]:
    """The beginning of the claimed message and its SHA-256 (hex digits; empty for one above 256 MiB)."""
    if claim.message_bytes > _MAX_DIGESTED_BYTES:
        return b"(larger than 256 MiB)", ""
    entries = cast("_Entries", server.xrange(claim.stream, claim.entry_id, claim.entry_id))
    message = entries[0][1].get(b"message", b"") if entries else b""
    return message[:_HEAD_BYTES] or b"(deleted)", sha256(message).hexdigest()
