"""Delete results that have been read."""

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback, ignore_progress
from worker.operators.queue import Queue

_TRIMMED_TOGETHER = 10_000


def trim_results(
    queue: Queue,
    *,
    older_than_seconds: float = 0.0,
    ignore_groups: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> int:
    """Delete results that every group has read and acknowledged, and that are older; returns their number.

    Each call of the script decides anew, so that ending early, or a group that is added meanwhile, loses nothing.

    Parameters
    ----------
    ignore_groups
        Delete by age only, read or not.
    on_progress
        Called with the numbers of results that are deleted so far, and that could be at most.

    Raises
    ------
    InvalidInputError
        When no group reads the results: then nothing counts as read.
    """
    deleted, most = 0, int(queue.server.xlen(queue.names.results))
    while True:
        arguments = [int(older_than_seconds * 1000), _TRIMMED_TOGETHER, int(ignore_groups)]
        some, groups = queue.scripts.trim(keys=[queue.names.results], args=arguments)
        if not groups and not ignore_groups and queue.server.xlen(queue.names.results):
            raise InvalidInputError(
                f"expected a consumer group that reads {queue.names.results}, found none, so nothing counts as read;"
                " --ignore-groups with --older-than trims by age alone"
            )
        if not some:
            return deleted
        deleted += some
        on_progress("trimming the results", deleted, max(most, deleted))
