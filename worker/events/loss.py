"""Why the lease of an event was lost."""

from redis.exceptions import RedisError

from shared.errors import CancelledError, LeaseLostError
from worker.client.results_stream import ResultsStream
from worker.events.running_event import EventRun
from worker.messages.results import DatasetRejected


def describe_loss(run: EventRun, error: LeaseLostError) -> str:
    """The sentence of the cancellation with who cancelled it, if the event was cancelled; else that of the error."""
    settings, event_id = run.runtime.settings, run.identity.event_id
    if event_id is None:
        return str(error)
    try:
        with settings.connect() as server:
            answers = ResultsStream(server, settings.names).find(event_id)
    except RedisError:
        return str(error)
    for answer in answers:
        if isinstance(answer, DatasetRejected) and answer.data.error == CancelledError.code:
            tried = answer.data.tried
            if f"{tried.stream}/{tried.entry_id}" == run.claim.entry:
                return f"{answer.data.message} (by {tried.worker})"
    return str(error)
