"""All checks, in the order in which their findings depend on each other."""

from collections.abc import Iterator

from redis.exceptions import RedisError

from worker.doctor.finding import Finding, failure, warning
from worker.doctor.host import check_host, check_times
from worker.doctor.rights import check_rights
from worker.doctor.server import check_server, is_full
from worker.doctor.stores import check_stores
from worker.server.outage import describe_server_error
from worker.server.url import without_password
from worker.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """Findings, one after the other; nothing that a worker or producer uses is changed."""
    yield from check_host(settings)
    yield from check_times(settings)
    try:
        server = settings.connect(socket_timeout_seconds=5)
        yield from check_server(server, settings)
        if is_full(server.info()):
            yield warning("permissions", "were not checked: a full server refuses every write", "make room first")
        else:
            yield from check_rights(server, settings)
    except RedisError as error:
        sentence = describe_server_error(error, without_password(settings.redis_url))
        yield failure("server", sentence, "")
    yield from check_stores(settings)
