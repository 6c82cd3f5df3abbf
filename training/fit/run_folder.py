"""Run folder: the files of a fit, finished or not."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import keras
from pydantic import ValidationError

from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from shared.validation import describe_validation_error
from training.fit.resumable_run import SETTINGS_NAME, open_resumable_run
from training.fit.settings import FitSettings


@dataclass(frozen=True)
class EpochRow:
    """One line of `log.csv`."""

    member: int
    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float


class RunFolder:
    """`settings.json`, `log.csv`, and `member_<k>.keras` of each member (unfinished: `member_<k>.state.keras`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._settings_path = path / SETTINGS_NAME
        self._log_path = path / "log.csv"

    def begin(self, settings: FitSettings) -> None:
        """Create the folder, or check that it was started with the same settings.

        Raises
        ------
        InvalidInputError
            When it was started with other settings, or its settings file is not valid.
        """
        open_resumable_run(self.path, settings, "run")

    def settings(self) -> FitSettings:
        """Read the settings of the run."""
        try:
            return FitSettings.model_validate_json(self._settings_path.read_bytes())
        except OSError as error:
            raise InvalidInputError(
                f"{self._settings_path} cannot be read ({error.strerror}); expected a folder that"
                " `python -m training fit` wrote"
            ) from error
        except ValidationError as error:
            found = describe_validation_error(error)
            raise InvalidInputError(f"{self._settings_path} is not a valid settings file of a fit: {found}") from error

    def member_path(self, member: int) -> Path:
        """Path of a finished member; `member` counts from 1."""
        return self.path / f"member_{member}.keras"

    def state_path(self, member: int) -> Path:
        """Path of an unfinished member with its optimiser state."""
        return self.path / f"member_{member}.state.keras"

    def is_finished(self) -> bool:
        """Whether every member is finished."""
        return all(self.member_path(member).exists() for member in range(1, self.settings().members + 1))

    def finished_member_paths(self) -> list[Path]:
        """All members of a finished run, in order.

        Raises
        ------
        InvalidInputError
            When a member is not finished.
        """
        paths = [self.member_path(member) for member in range(1, self.settings().members + 1)]
        missing = [path.name for path in paths if not path.exists()]
        if missing:
            raise InvalidInputError(
                f"run {self.path} lacks {', '.join(missing)}; expected a finished run: repeat its `fit` command"
            )
        return paths

    def log(self, row: EpochRow) -> None:
        """Add a line, replacing that of an interrupted epoch."""
        kept = [
            line for line in self._read_log() if (line["member"], line["epoch"]) != (str(row.member), str(row.epoch))
        ]
        with write_whole(self._log_path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, [field.name for field in fields(EpochRow)])
            writer.writeheader()
            writer.writerows([*kept, asdict(row)])

    def _read_log(self) -> list[dict[str, str]]:
        if not self._log_path.exists():
            return []
        with self._log_path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


def save_whole(model: keras.Model, path: Path) -> None:
    """Save the model atomically: `path` is either the old file or the complete new one."""
    with write_whole(path) as partial:
        model.save(partial)
