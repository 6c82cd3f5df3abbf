"""Messages that need more memory than a pool child may use do not keep their event from being answered."""

import json
import subprocess
import sys

import pytest
from ledger_driving import EVENTS, send
from live_service import LiveServer, make_event

from worker.events.event_run import _read_identity
from worker.ledger.claim import Claim

DESCRIBE = """
import resource, sys
from worker.ledger.claim import Claim
from worker.server.connection import connect
from worker.ledger.oversized import describe_oversized
url, stream, entry_id, size = sys.argv[1:]
server = connect(url)
server.ping()
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 40_000_000, used + 40_000_000))
claim = Claim(stream, entry_id, "child", 1, None, int(size), 0.0)
print(describe_oversized(server, claim), server.ping())
"""


@pytest.mark.parametrize(
    ("size", "expected"), [(1_000_000, "(b'xxx"), (100_000_000, "(b'(too large to be read)', '')")]
)
def test_an_oversized_message_is_described_even_where_it_cannot_be_read(
    server: LiveServer, size: int, expected: str
) -> None:
    entry_id = send(server, "x" * size)

    ended = subprocess.run(
        [sys.executable, "-c", DESCRIBE, server.url, EVENTS, entry_id, str(size)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(expected)


def test_a_message_that_may_have_ended_its_workers_is_not_parsed_again() -> None:
    """At the first delivery above the limit the event is rejected by its id; later ones only count."""
    event = make_event()
    claims = [Claim(EVENTS, "1-0", "child", count, json.dumps(event).encode(), 1, 0.0) for count in (6, 7)]

    assert [_read_identity(claim, 5).event_id for claim in claims] == [event["id"], None]
