"""Run folder of area networks: examples, networks of each fold, and the members of the release."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.errors import InvalidInputError
from shared.validation import describe_validation_error
from training.acquisitions.folds import AcquisitionFold, leave_one_out
from training.area.example import AreaExample
from training.area.settings import AreaSettings
from training.fit.resumable_run import SETTINGS_NAME, open_resumable_run


@dataclass(frozen=True)
class NetworkTask:
    """One network to fit.

    Attributes
    ----------
    fold
        Number of the fold whose acquisitions it does not see; None = a member of the release, which sees all.
    member
        From 1.
    """

    fold: int | None
    member: int

    @property
    def name(self) -> str:
        """Of its files, without suffix."""
        return f"member_{self.member}" if self.fold is None else f"fold_{self.fold + 1}_member_{self.member}"


class AreaRun:
    """`settings.json`, `examples/`, and for each network `<name>.keras` and `<name>.csv` (its losses)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, settings: AreaSettings) -> None:
        """Create the folder, or check that it was started with the same settings; raises `InvalidInputError`."""
        open_resumable_run(self.path, settings, "run of area networks")

    def settings(self) -> AreaSettings:
        """Read the settings of the run.

        Raises
        ------
        InvalidInputError
            When the folder holds none.
        """
        path = self.path / SETTINGS_NAME
        try:
            return AreaSettings.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InvalidInputError(
                f"{path} cannot be read ({error.strerror}); expected a folder that `python -m training fit-area` wrote"
            ) from error
        except ValidationError as error:
            found = describe_validation_error(error)
            raise InvalidInputError(f"{path} is not a valid settings file of area networks: {found}") from error

    @property
    def examples_path(self) -> Path:
        """The folder of the examples."""
        return self.path / "examples"

    def network_path(self, task: NetworkTask) -> Path:
        """Path of a finished network."""
        return self.path / f"{task.name}.keras"

    def state_path(self, task: NetworkTask) -> Path:
        """Path of an unfinished network with its optimiser's state."""
        return self.path / f"{task.name}.state.keras"

    def log_path(self, task: NetworkTask) -> Path:
        """Path of a network's losses."""
        return self.path / f"{task.name}.csv"

    def require_finished(self) -> None:
        """Check that every network is there.

        Raises
        ------
        InvalidInputError
            When one is not.
        """
        missing = [task.name for task in list_tasks(self.settings()) if not self.network_path(task).exists()]
        if missing:
            raise InvalidInputError(
                f"run {self.path} lacks {', '.join(missing)}; expected a finished run: repeat its `fit-area` command"
            )


def list_folds(settings: AreaSettings) -> list[AcquisitionFold]:
    """The folds of a run; none where nothing is held out."""
    return [] if settings.folds is None else leave_one_out(folds=settings.folds)


def list_tasks(settings: AreaSettings) -> list[NetworkTask]:
    """Every network of a run: those of the folds by member, then the members of the release."""
    held_out = [
        NetworkTask(fold, member)
        for member in range(1, settings.fold_members + 1)
        for fold in range(len(list_folds(settings)))
    ]
    return [*held_out, *(NetworkTask(None, member) for member in range(1, settings.members + 1))]


def keep_examples(settings: AreaSettings, task: NetworkTask, pool: Sequence[AreaExample]) -> list[AreaExample]:
    """The examples that a network may be fitted on: none of an acquisition of a series that its fold holds out."""
    if task.fold is None:
        return list(pool)
    kept = set(list_folds(settings)[task.fold].kept)
    return [example for example in pool if example.origin in kept]
