"""The mixture: how often each pattern, placement, acquisition, signal level and artefact is drawn."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from shared.errors import InvalidInputError
from shared.validation import describe_validation_error

_FOLDER = Path(__file__).parent
SHIPPED, CURRENT = "training-1", "training-2"
"""The mixtures of the releases of 2026.11 and of new networks. A mixture never changes after a fit on it; a
better one gets the next number, so that every recipe stays repeatable."""

TRAINING_MIXTURES = (SHIPPED, CURRENT)
BENCHMARK_PATH = _FOLDER / "benchmark.yaml"

_SUM_TOLERANCE = 1e-6

_Model = TypeVar("_Model", bound=BaseModel)

Share = Annotated[float, Field(ge=0, le=1)]


class Shares(RootModel[dict[str, Share]]):
    """Shares by name; they sum to 1."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _require_whole(self) -> "Shares":
        total = sum(self.root.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"expected shares that sum to 1, got {total:g}")
        return self

    def draw(self, rng: np.random.Generator) -> str:
        """Draw one name."""
        names = sorted(self.root)
        return names[rng.choice(len(names), p=[self.root[name] for name in names])]

    def only(self, name: str) -> "Shares":
        """Shares with one name only."""
        return Shares({name: 1.0})


class Artefacts(BaseModel):
    """Share of the ion images, or scenes, with each artefact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing_pixels: Share
    missing_rows: Share
    scatter: Share
    stripes: Share
    threshold: Share
    hot_spots: Share
    eight_bit: Share


class SharedInDatasets(BaseModel):
    """What the ions of a whole dataset have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    anatomy: Share
    """Share of datasets with an anatomy."""

    anatomical: Share
    """Share of ions in such a dataset that follow its anatomy or films."""

    gain: Share
    """Share of datasets with a gain over all ions."""

    signal: Share
    """Share of datasets in which most ions have the same signal level."""


class Mixture(BaseModel):
    """The distribution of semi-synthetic ion images, read from one YAML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    patterns: Shares
    placements: Shares
    acquisitions: Shares
    signals: Shares
    artefacts: Artefacts
    datasets: SharedInDatasets | None = None
    """None = the ions of a whole dataset share only its scene and texture source."""

    @property
    def digest(self) -> str:
        """SHA-256 of the content, independent of comments and order."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()


class Benchmark(BaseModel):
    """The frozen set that recipes are compared on: its mixture, its size and its seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(ge=1)
    seed: int = Field(ge=0)
    mixture: Mixture

    @property
    def digest(self) -> str:
        """SHA-256 of the content, independent of comments and order."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()


def load_training_mixture(name: str = SHIPPED) -> Mixture:
    """Load the training mixture with this name.

    Raises
    ------
    InvalidInputError
        When there is no such mixture.
    """
    if name not in TRAINING_MIXTURES:
        raise InvalidInputError(f"expected a mixture of {', '.join(TRAINING_MIXTURES)}, got {name!r}")
    return load_mixture(_FOLDER / f"{name}.yaml")


def load_mixture(path: Path) -> Mixture:
    """Load a mixture from a file.

    Raises
    ------
    InvalidInputError
        When the file cannot be read or its content is wrong.
    """
    return _load(Mixture, path)


def load_benchmark(path: Path = BENCHMARK_PATH) -> Benchmark:
    """Load the frozen benchmark.

    Raises
    ------
    InvalidInputError
        When the file cannot be read or its content is wrong.
    """
    return _load(Benchmark, path)


def _load(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidInputError(f"expected a YAML file, cannot read {path} ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"expected YAML in {path.name}: {error}") from error
    except ValidationError as error:
        raise InvalidInputError(
            f"expected a {model.__name__.lower()} in {path.name}: {describe_validation_error(error)}"
        ) from error


def _canonical(model: BaseModel) -> str:
    """Leaves out unset fields, so that a new optional field does not change the digests of older files."""
    return json.dumps(model.model_dump(mode="json", exclude_none=True), sort_keys=True)
