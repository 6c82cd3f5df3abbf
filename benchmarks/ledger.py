"""The ledger against bare stream commands, one process, one server: `python benchmarks/ledger.py`."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import compare, print_machine

from worker.embedded_server import embedded_server
from worker.ledger.claim import Answer, DoneRecord
from worker.ledger.ledger import Ledger, connect
from worker.ledger.names import GROUP, Names

EVENTS = 1000
MESSAGE = "x" * 500

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
            ledger.find_done(done_key, give_up_at=time.monotonic())
            done = DoneRecord(entry=claim.entry, digest="d", closing=MESSAGE)
            ledger.finish(claim, Answer(done_key, [MESSAGE, MESSAGE], done), give_up_at=time.monotonic())

    print_machine()
    print(f"{EVENTS} events, append-only file on")
    compare("bare stream commands, losing and doubling", run_bare, "ledger", run_ledger, EVENTS, "events")
