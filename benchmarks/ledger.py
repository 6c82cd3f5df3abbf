"""The ledger against bare stream commands, and a large answer in steps against one script, one process, one server.

python benchmarks/ledger.py
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import compare, print_machine

import worker.ledger.ledger
from worker.cli.embedded_server import embedded_server
from worker.ledger.claim import Answer, DoneRecord
from worker.ledger.ledger import Ledger
from worker.ledger.names import GROUP, Names
from worker.server.connection import connect

EVENTS = 1000
MESSAGE = "x" * 500
CHUNKS = ["x" * 185_000] * 100
"""About what 100,000 rows take."""

ROUNDS = 5

with TemporaryDirectory(prefix="offs-") as folder, embedded_server(Path(folder)) as url:
    server, names = connect(url), Names()
    ledger = Ledger(server, names, lease_seconds=60, max_message_bytes=2**20, done_seconds=3600)
    ledger.create_groups()
    server.xgroup_create("bare:events", GROUP, id="0", mkstream=True)

    def run_bare() -> None:
        for _ in range(EVENTS):
            server.xadd("bare:events", {"message": MESSAGE})
            ((_, ((entry, _),)),) = server.xreadgroup(GROUP, "one", {"bare:events": ">"}, count=1)
            server.xadd("bare:results", {"message": MESSAGE})
            server.xadd("bare:results", {"message": MESSAGE})
            server.xack("bare:events", GROUP, entry)
            server.xdel("bare:events", entry)

    def run_ledger() -> None:
        for _ in range(EVENTS):
            server.xadd(names.events("normal"), {"message": MESSAGE})
            claim = ledger.claim()
            done_key = names.done("benchmark", claim.entry)
            ledger.find_done([done_key], give_up_at=time.monotonic())
            done = DoneRecord(entry=claim.entry, digest="d", closing=MESSAGE)
            ledger.finish(
                claim, Answer(done_key, "benchmark:answers", [MESSAGE, MESSAGE], done), give_up_at=time.monotonic()
            )

    def find_longest_script_ms(script_bytes: int) -> float:
        """The longest time for which the server is blocked by an answer of 100,000 rows."""
        worker.ledger.ledger.SCRIPT_BYTES = script_bytes
        server.xadd(names.events("normal"), {"message": MESSAGE})
        claim = ledger.claim()
        done_key = names.done("benchmark", claim.entry)
        done = DoneRecord(entry=claim.entry, digest="d", closing=MESSAGE)
        server.config_set("slowlog-log-slower-than", 0)
        server.slowlog_reset()
        ledger.finish(claim, Answer(done_key, "benchmark:answers", CHUNKS, done), give_up_at=time.monotonic())
        longest = max(one["duration"] for one in server.slowlog_get(200) if one["command"].startswith(b"EVALSHA"))
        server.config_set("slowlog-log-slower-than", -1)
        return float(longest) / 1000

    print_machine()
    print(f"{EVENTS} events, append-only file on")
    compare("bare stream commands, losing and doubling", run_bare, "ledger", run_ledger, EVENTS, "events")
    in_steps, in_one = worker.ledger.ledger.SCRIPT_BYTES, 2**30
    times = [(find_longest_script_ms(in_one), find_longest_script_ms(in_steps)) for _ in range(ROUNDS)]
    print(f"answer of 100,000 rows, the longest script of {ROUNDS} rounds, ms (median):")
    for what, longest in zip(("all in one script", "in steps"), zip(*times, strict=True), strict=True):
        print(f"  {what:20} {max(longest):7.1f} ({sorted(longest)[ROUNDS // 2]:.1f})")
    print(f"  ratio of the medians {sorted(a / b for a, b in times)[ROUNDS // 2]:.1f}")
