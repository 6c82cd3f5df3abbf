"""What Celery keeps on the server: in the ledger's database, and apart from what other applications keep."""

import json
import time

import pytest
from kombu import Connection
from live_service import open_server

from worker.app import app, celery_configuration
from worker.server.connection import connect
from worker.server.url import broker_url
from worker.settings import Settings


def test_tickets_go_into_the_database_that_the_ledger_uses() -> None:
    with open_server() as server:
        url = f"{server.url}?db=3"
        with Connection(broker_url(url)) as broker:
            broker.SimpleQueue("tickets").put("ticket")
        assert connect(url).llen("tickets") == 1


def test_a_long_task_of_another_application_is_not_given_back_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kombu gives back what was delivered longer ago than its own time-out, whoever took it."""
    with open_server() as server:
        client = connect(server.url)
        message = json.dumps([{"properties": {"delivery_tag": "long"}, "headers": {}}, "", "others"])
        client.hset("unacked", "long", message)
        client.zadd("unacked_index", {"long": time.time() - 7200})
        monkeypatch.setattr(app, "_settings", Settings(redis_url=server.url))
        options = celery_configuration()
        with Connection(options["broker_url"], transport_options=options["broker_transport_options"]) as broker:
            broker.default_channel.qos.restore_visible()
        assert client.hexists("unacked", "long")
