"""Installation of a new release: complete and verified, or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from model_store.release import verify_release
from shared.errors import ReleaseError


@contextmanager
def install_release(version: str, root: Path, trusted_keys: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield an empty folder for the files of a release; after the block it is verified and moved into `root`.

    Raises
    ------
    ReleaseError
        When verification fails, or the folder cannot be moved; nothing is left behind then.
    """
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root, prefix=".publishing-") as scratch:
        folder = Path(scratch) / version
        folder.mkdir()
        yield folder
        verify_release(folder, trusted_keys)
        try:
            folder.rename(root / version)
        except OSError as error:
            raise ReleaseError(f"release {version} cannot be moved into {root}: {error.strerror}") from error
