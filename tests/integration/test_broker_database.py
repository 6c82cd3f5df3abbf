"""Tickets and ledger use the same database, however the URL names it."""

from kombu import Connection
from live_service import open_server

from worker.server.connection import connect
from worker.server.url import broker_url


def test_tickets_go_into_the_database_that_the_ledger_uses() -> None:
    with open_server() as server:
        url = f"{server.url}?db=3"
        with Connection(broker_url(url)) as broker:
            broker.SimpleQueue("tickets").put("ticket")
        assert connect(url).llen("tickets") == 1
