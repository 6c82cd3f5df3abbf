"""Read a hostile file in a process of its own, and see how much memory that took and whether it survived."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_MIB = 512
"""In addition to the interpreter with NumPy, h5py and zarr, which take some 130 MiB of it."""

_NET_BYTES = 4 * 2**30
"""Memory at which the child is stopped, so that a failing test does not take the machine."""


@dataclass(frozen=True)
class Outcome:
    """What became of the file; `code` of the error that it was refused with, None when it was read."""

    code: str | None
    message: str
    peak_mib: int
    hit_the_net: bool
    """Whether anything in the chain of errors is a MemoryError: the file was not refused by a check."""


def read_in_child(reader: str, path: Path) -> Outcome:
    """Read all of a file with one of `READERS`; a child that dies is an assertion error."""
    command = [sys.executable, __file__, reader, str(path)]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=root)
    assert done.returncode == 0, f"{reader} ended with {done.returncode}: {done.stderr[-500:]}"
    return Outcome(**json.loads(done.stdout))


def read_array(path: Path) -> None:
    """All images, as a source does."""
    from shared.arrays.array import open_array  # noqa: PLC0415 - in the child alone
    from shared.errors import InvalidInputError  # noqa: PLC0415
    from shared.ion_image import make_ion_image  # noqa: PLC0415
    from shared.limits import Limits  # noqa: PLC0415

    refused: list[InvalidInputError] = []
    for pixels, mask in open_array(path, Limits()).rows():
        try:
            make_ion_image(pixels, mask)
        except InvalidInputError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def read_png(path: Path) -> None:
    """One image."""
    from shared.limits import Limits  # noqa: PLC0415
    from shared.png.image import decode_png  # noqa: PLC0415

    decode_png(path.read_bytes(), Limits())


def read_list(path: Path) -> None:
    """A list of annotations, as an event names it."""
    from shared.limits import Limits, require_at_most  # noqa: PLC0415
    from worker.events.annotations import read_annotations  # noqa: PLC0415

    require_at_most(len(read_annotations(path, Limits()).annotations), Limits().event_ions, "annotations")


def read_event(path: Path) -> None:
    """An event."""
    from worker.messages.event import parse_event, read_identity  # noqa: PLC0415

    read_identity(path.read_bytes())
    parse_event(path.read_bytes())


def read_folder(path: Path) -> None:
    """Every image of a folder of PNGs, one after the other."""
    from source_making import open_any  # noqa: PLC0415

    source = open_any(path)
    for one in source.fetch(source.annotations()):
        assert one.ion_image is not None, one.reason


READERS: dict[str, Callable[[Path], None]] = {
    "array": read_array, "png": read_png, "list": read_list, "event": read_event, "folder": read_folder
}  # fmt: skip


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _main(reader: str, path: str) -> None:
    from shared.errors import OffSampleError  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_DATA, (_NET_BYTES, _NET_BYTES))
    code, message, hit = None, "", False
    try:
        READERS[reader](Path(path))
    except OffSampleError as error:
        code, message = error.code, str(error)[:300]
        hit = any(isinstance(one, MemoryError) for one in _chain(error))
    outcome = {"code": code, "message": message, "peak_mib": _read_peak_mib(), "hit_the_net": hit}
    sys.stdout.write(json.dumps(outcome))


def _read_peak_mib() -> int:
    """Most memory this process ever held; getrusage would give its parent's, where that is more."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    _main(*sys.argv[1:])
