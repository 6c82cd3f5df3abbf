"""CITATION.cff is valid, and names the version and licence of the package."""

import json
import tomllib
from pathlib import Path

import jsonschema
import yaml

REPOSITORY = Path(__file__).parents[2]
SCHEMA = REPOSITORY / "tests" / "data" / "cff-1.2.0.schema.json"


def read_citation() -> dict[str, object]:
    return yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_citation_is_valid_by_the_schema_of_its_format() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(read_citation())


def test_the_citation_is_of_this_version_and_licence() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = read_citation()
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
