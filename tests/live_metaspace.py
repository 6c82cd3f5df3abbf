"""A METASPACE of the tests' own, on loopback: GraphQL and image answers as metaspace2020 2.1 asks for and reads them.

Nothing could be recorded from the real one, so what stands here is written from the client's source: the fields of
`GraphQLClient.DATASET_FIELDS` and `ANNOTATION_FIELDS`, the variables of `getDataset` and `getAnnotations`, the forms of
errors that `_extract_data` tells apart, the token of somebody who is not logged in. The client itself is the real one.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_stores import Answer, HttpFiles, http_files

API_KEY = "a-valid-key"
DATASET_ID = "2016-09-21_16h06m49s"
PRIVATE_ID = "2017-01-01_00h00m00s"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_DATABASES = [(6, "HMDB", "v2.5"), (22, "HMDB", "v4"), (38, "LipidMaps", "2017-12-12")]


@dataclass
class LiveMetaspace:
    """What the server knows, and what it was asked."""

    files: HttpFiles
    annotations: list[dict[str, Any]] = field(default_factory=list)
    status: str = "FINISHED"
    queries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.files.url

    def add(self, formula: str, adduct: str, png: bytes, **changes: Any) -> str:
        """Add an annotation with its principal isotope's image and a second one; gives its `ion`."""
        number = len(self.annotations)
        path = f"/fs/iso_images/{number:032x}"
        self.files.files[path] = png
        image = {"mz": 100.5 + number, "url": path, "minIntensity": 0.0, "maxIntensity": 1000.0, "totalIntensity": 5e4}
        self.annotations.append(
            {
                "sumFormula": formula, "neutralLoss": "", "chemMod": "", "adduct": adduct, "ionFormula": formula,
                "ion": f"{formula}{adduct}+", "mz": 100.5 + number, "msmScore": 0.9, "rhoSpatial": 0.9,
                "rhoSpectral": 0.9, "rhoChaos": 0.9, "fdrLevel": 0.05, "offSample": None, "offSampleProb": None,
                "dataset": {"id": DATASET_ID, "name": "bladder"}, "possibleCompounds": [], "colocalizationCoeff": None,
                "isotopeImages": [image, image | {"url": "/fs/iso_images/second"}], "databaseId": 22,
            }
            | changes
        )  # fmt: skip
        return str(self.annotations[-1]["ion"])

    def answer(self, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer to one GraphQL request."""
        asked = json.loads(body)
        self.queries.append(asked | {"authorization": headers.get("Authorization")})
        is_member = headers.get("Authorization") == f"Api-Key {API_KEY}"
        if not is_member and headers.get("Authorization") != "Bearer anonymous-token":
            return _answer({"message": "Invalid API key", "type": "invalid"}, 401)
        query, variables = asked["query"], asked["variables"]
        if "currentUser" in query:
            return _answer({"data": {"currentUser": {"id": "1"} if is_member else None}})
        if "datasetInfo" in query:
            known = variables["id"] == DATASET_ID or (variables["id"] == PRIVATE_ID and is_member)
            return _answer({"data": {"dataset": self._dataset(variables["id"]) if known else None}})
        assert "allAnnotations" in query
        return _answer({"data": {"allAnnotations": self._select(query, variables)}})

    def _dataset(self, dataset_id: str) -> dict[str, Any]:
        databases = [
            {"id": number, "name": name, "version": version, "isPublic": True, "archived": False}
            for number, name, version in _DATABASES
        ]
        return {
            "id": dataset_id, "name": "bladder", "configJson": json.dumps({"isotope_generation": {"charge": 1}}),
            "metadataJson": "{}", "databases": databases, "status": self.status, "isPublic": True,
            "acquisitionGeometry": json.dumps({"acquisition_grid": {"count_x": 30, "count_y": 20}}),
        }  # fmt: skip

    def _select(self, query: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
        """Those of the database and rate, a page of them, with no field that was not asked for."""
        wanted = variables["filter"]
        assert variables["dFilter"] in ({"ids": DATASET_ID}, {"ids": PRIVATE_ID})
        found = [
            one
            for one in self.annotations
            if one["databaseId"] == wanted["databaseId"] and one["fdrLevel"] <= wanted["fdrLevel"]
        ]
        page = found[variables["offset"] : variables["offset"] + variables["limit"]]
        return [{name: value for name, value in one.items() if re.search(rf"\b{name}\b", query)} for one in page]


def _answer(content: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), _JSON)


@contextmanager
def live_metaspace() -> Iterator[LiveMetaspace]:
    """Serve a METASPACE without annotations until the block ends."""
    with http_files(
        {"/api_auth/gettoken": Answer(body=b"anonymous-token", headers={"Content-Type": "text/plain"})}
    ) as files:
        metaspace = LiveMetaspace(files)
        files.post = metaspace.answer
        yield metaspace


def add_folder(metaspace: LiveMetaspace, folder: Path) -> dict[str, str]:
    """Make an annotation of every PNG in a folder; gives file stems by `ion`."""
    stems = sorted(path.stem for path in folder.glob("*.png"))
    return {
        metaspace.add(f"C{number + 1}H2O", "+H", (folder / f"{stem}.png").read_bytes()): stem
        for number, stem in enumerate(stems)
    }
