"""Celery's pool of processes, which also replaces a child that died before the worker was ready."""

from celery.concurrency.prefork import TaskPool


class ChildPool(TaskPool):
    """A child that dies while the worker starts is replaced, as one that dies later is.

    Celery itself ends the worker with exit code 1 when a child died by the time its loop begins. Here the board of the
    children ends a worker whose children keep dying, with their reason.
    """

    def did_start_ok(self) -> bool:
        """Always: see above."""
        return True
