"""Time two implementations in turn, and print their ratio and the machine."""

import os
import platform
import statistics
import time
from collections.abc import Callable


def compare(
    peer: str,
    run_peer: Callable[[], object],
    ours: str,
    run_ours: Callable[[], object],
    count: int,
    unit: str = "images",
) -> None:
    """Run both in turn, five times after a warm-up, and print their speeds (medians) and the ratio's range."""
    run_peer()
    run_ours()
    pairs = [(_seconds(run_peer), _seconds(run_ours)) for _ in range(5)]
    ratios = sorted(peer_seconds / our_seconds for peer_seconds, our_seconds in pairs)
    for name, seconds in ((peer, [pair[0] for pair in pairs]), (ours, [pair[1] for pair in pairs])):
        print(f"  {name}: {count / statistics.median(seconds):,.0f} {unit}/s")
    print(f"  ratio: {statistics.median(ratios):.1f}x (from {ratios[0]:.1f}x to {ratios[-1]:.1f}x)")


def print_machine() -> None:
    """Print the machine; only ratios of one run are comparable."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
