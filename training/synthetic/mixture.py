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
"""What the releases of 2026.11 were fitted on, and what new networks are fitted on. A mixture that was fitted on never
changes; a better one gets the next number. So every recipe stays repeatable."""

TRAINING_MIXTURES = (SHIPPED, CURRENT)
BENCHMARK_PATH = _FOLDER / "benchmark.yaml"

_SUM_TOLERANCE = 1e-6

_Model = TypeVar("_Model", bound=BaseModel)

Share = Annotated[float, Field(ge=0, le=1)]


class Shares(RootModel[dict[str, Share]]):
    """Shares by name, which add up to 1."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _require_whole(self) -> "Shares":
        total = sum(self.root.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"shares add up to {total:g}; expected 1")
        return self

    def draw(self, rng: np.random.Generator) -> str:
        """One name."""
        names = sorted(self.root)
        return names[rng.choice(len(names), p=[self.root[name] for name in names])]

    def only(self, name: str) -> "Shares":
        """Nothing but this name."""
        return Shares({name: 1.0})


class Artefacts(BaseModel):
    """Shares of the ion images, or scenes, that each goes wrong in."""

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
    """Datasets with one."""

    anatomical: Share
    """Of the ions of such a dataset, those that follow it or its films."""

    gain: Share
    """Datasets with a gain over all ions."""

    signal: Share
    """Datasets most of whose ions are counted at one signal level."""


class Mixture(BaseModel):
    """What semi-synthetic ion images are drawn from, as one YAML file states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    patterns: Shares
    placements: Shares
    acquisitions: Shares
    signals: Shares
    artefacts: Artefacts
    datasets: SharedInDatasets | None = None
    """None = the ions of a whole dataset share its scene and its texture source, and nothing else."""

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the file's comments and order."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()


class Benchmark(BaseModel):
    """The frozen set that recipes are compared on: its mixture, its size and its seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(ge=1)
    seed: int = Field(ge=0)
    mixture: Mixture

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the file's comments and order."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()


def load_training_mixture(name: str = SHIPPED) -> Mixture:
    """What recipes are fitted on, by its name.

    Raises
    ------
    InvalidInputError
        When there is none of this name.
    """
    if name not in TRAINING_MIXTURES:
        raise InvalidInputError(f"expected a mixture of {', '.join(TRAINING_MIXTURES)}, got {name!r}")
    return load_mixture(_FOLDER / f"{name}.yaml")


def load_mixture(path: Path) -> Mixture:
    """Any mixture.

    Raises
    ------
    InvalidInputError
        When the file cannot be read or its content is wrong.
    """
    return _load(Mixture, path)


def load_benchmark(path: Path = BENCHMARK_PATH) -> Benchmark:
    """The frozen benchmark.

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
        raise InvalidInputError(f"{path} cannot be read ({error.strerror}); expected a YAML file") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{path.name} is no YAML: {error}") from error
    except ValidationError as error:
        raise InvalidInputError(f"{path.name} is no {model.__name__}: {describe_validation_error(error)}") from error


def _canonical(model: BaseModel) -> str:
    """Without what is not stated: a field that older files lack must not change their digests."""
    return json.dumps(model.model_dump(mode="json", exclude_none=True), sort_keys=True)
