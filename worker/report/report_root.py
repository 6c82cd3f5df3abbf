"""The folder below which events may have reports written."""

from dataclasses import dataclass
from pathlib import Path

from shared.errors import ForbiddenUriError, InvalidInputError


@dataclass(frozen=True)
class ReportRoot:
    """A folder that only the operator and the workers may write to."""

    folder: Path | None
    """None: events may not ask for reports."""

    def prepare(self, relative: str) -> Path:
        """The path of a report below the folder; the folders around it are made.

        Raises
        ------
        ForbiddenUriError
            When there is no such folder, or the path leads out of it.
        InvalidInputError
            When a folder around it cannot be made.
        """
        if self.folder is None:
            raise ForbiddenUriError("this worker writes no reports; expected OFFSAMPLE_REPORT_ROOT to name a folder")
        root = self.folder.resolve()
        path = root / relative
        if path.parent.resolve().is_relative_to(root) and ".." not in path.parts and not path.is_dir():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InvalidInputError(f"cannot make the folder of report {relative!r}: {error.strerror}") from error
            return path
        raise ForbiddenUriError(f"expected a report below OFFSAMPLE_REPORT_ROOT, got {relative!r}")
