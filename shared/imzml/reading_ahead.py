"""Read the next while the last is worked on."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item]) -> Generator[Item]:
    """Yield what `items` yields, made one ahead in a thread of its own; its errors are raised here."""
    iterator = iter(items)
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as executor:
        ahead = executor.submit(next, iterator, end)
        while (item := ahead.result()) is not end:
            ahead = executor.submit(next, iterator, end)
            yield item  # type: ignore[misc]  # it is no `end`
