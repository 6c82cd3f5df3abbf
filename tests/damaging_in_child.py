"""Damage sound files and read them, in a process of its own: what runs in C may end or hang it."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

_HANGS_SECONDS = 20
_EDGES = [b"\xff" * 4, b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\0" * 4, b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 8]
"""Numbers at the edge of their type."""


def damage_in_child(reader: str, sound: list[Path], folder: Path, times: int, part: str | None = None) -> Counter[str]:
    """Damage one of the sound files so often, read it each time, and count what came of it.

    Every run does the same. "read" counts those that were read; others are the codes of this project's errors, or the
    names of other errors. A file on which the process ends or hangs is an assertion error.

    Parameters
    ----------
    folder
        Where the damaged file is written; with `part` a folder that is read as a whole, of which this file is damaged.
    """
    command = [sys.executable, __file__, reader, str(folder), str(times), part or "", *map(str, sound)]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=root)
    assert done.returncode == 0, f"{reader} ended with {done.returncode}: {done.stderr[-500:]}"
    return Counter(json.loads(done.stdout))


def damage(content: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, write numbers over others, copy some elsewhere, or cut off the end."""
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(damaged))
        match chance.randrange(4):
            case 0:
                damaged[place] = chance.randrange(256)
            case 1:
                damaged[place] ^= 1 << chance.randrange(8)
            case 2:
                edge = chance.choice(_EDGES)
                damaged[place : place + len(edge)] = edge
            case _:
                other, length = chance.randrange(len(damaged)), chance.randrange(1, 33)
                damaged[place : place + length] = damaged[other : other + length]
    return bytes(damaged[: chance.randrange(len(damaged))] if chance.random() < 0.1 else damaged)


def _main(reader: str, folder: str, times: str, part: str, *sound: str) -> None:
    from reading_in_child import READERS  # noqa: PLC0415 - in the child alone

    from shared.errors import OffSampleError  # noqa: PLC0415

    chance = random.Random(0)
    contents = [(Path(path).suffix, Path(path).read_bytes()) for path in sound]
    counts: Counter[str] = Counter()
    for _ in range(int(times)):
        suffix, content = chance.choice(contents)
        path = Path(folder) / (part or f"damaged{suffix}")
        path.write_bytes(damage(content, chance))
        signal.alarm(_HANGS_SECONDS)
        try:
            READERS[reader](Path(folder) if part else path)
            counts["read"] += 1
        except OffSampleError as error:
            counts[error.code] += 1
        except Exception as error:  # noqa: BLE001 - which are counted
            counts[type(error).__name__] += 1
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    _main(*sys.argv[1:])
