"""Datasets on METASPACE: the real client against a server on loopback.

The server's answers are written from the client's source (see live_metaspace.py): no recording was possible.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_random_ion_image
from live_metaspace import API_KEY, DATASET_ID, PRIVATE_ID, LiveMetaspace, live_metaspace
from live_stores import Answer, find_free_port
from pydantic import SecretStr

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    NotFoundError,
    TooLargeError,
    TransientError,
    UnsupportedSourceError,
)
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits
from shared.png.image import encode_png
from worker.access.allowed_roots import AllowedRoots
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import parse_store_uri
from worker.messages.event import Annotation, MetaspaceIonImages
from worker.sources.metaspace_dataset import MetaspaceAccess
from worker.sources.opening import SourceAccess, open_source
from worker.sources.source import IonImageSource
from worker.stores.opening import StoreAccess
from worker.stores.store import RetryPolicy


@pytest.fixture
def metaspace() -> Iterator[LiveMetaspace]:
    with live_metaspace() as server:
        server.add("C6H12O6", "+H", encode_png(make_random_ion_image(0)))
        server.add("C6H12O6", "+Na", encode_png(make_random_ion_image(1)), fdrLevel=0.2)
        server.add("C8H9NO2", "+K", encode_png(make_random_ion_image(2)), databaseId=38)
        server.add("C5H5N5", "-H2O+H", encode_png(make_random_ion_image(3)), ion="C5H5N5-H2O+H+")
        yield server


def open_dataset(
    server: LiveMetaspace, key: str | None = None, networks: tuple[str, ...] = ("127.0.0.0/8",), **fields: Any
) -> IonImageSource:
    allowed = AllowedStores((parse_store_uri(server.url),), tuple(map(ipaddress.ip_network, networks)))
    access = SourceAccess(
        AllowedRoots(()),
        replace(Limits(), **fields.pop("limits", {})),
        stores=StoreAccess(allowed, RetryPolicy(2)),
        metaspace=MetaspaceAccess(server.url, None if key is None else SecretStr(key)),
    )
    return open_source(MetaspaceIonImages(kind="metaspace", **({"dataset_id": DATASET_ID} | fields)), access)


def fetch(source: IonImageSource, annotations: list[Annotation] | None = None) -> dict[str, IonImage | str]:
    wanted = annotations if annotations is not None else list(source.annotations())
    return {one.annotation_id: one.ion_image or one.reason or "" for one in source.fetch(wanted)}


def test_annotations_up_to_the_false_discovery_rate_are_listed_by_ion(metaspace: LiveMetaspace) -> None:
    source = open_dataset(metaspace)
    first, second = source.annotations()
    assert (first.annotation_id, first.formula, first.adduct, first.mz) == ("C6H12O6+H+", "C6H12O6", "+H", 100.5)
    assert second.annotation_id == "C5H5N5-H2O+H+"
    assert len(open_dataset(metaspace, fdr=0.2).annotations()) == 3


def test_a_key_is_read_from_its_file_for_each_dataset(metaspace: LiveMetaspace, tmp_path: Path) -> None:
    path = tmp_path / "key"
    access = MetaspaceAccess(metaspace.url, api_key_file=path)
    for text in ("first\n", "second\n"):
        path.write_text(text)
        key = access.read_api_key()
        assert key is not None
        assert key.get_secret_value() == text.strip()
    path.unlink()
    with pytest.raises(TransientError):
        access.read_api_key()


def test_images_are_the_principal_isotopes_with_all_16_bits_and_the_acquisition_mask(metaspace: LiveMetaspace) -> None:
    """The client returns 8 of the 16 bits and no mask, so images are fetched without it."""
    expected = make_random_ion_image(0)
    image = metaspace.annotations[0]["isotopeImages"][0]
    image |= {"minIntensity": 10.0, "maxIntensity": 510.0}
    found = fetch(open_dataset(metaspace))["C6H12O6+H+"]
    assert isinstance(found, IonImage)
    np.testing.assert_array_equal(found.acquisition_mask, expected.acquisition_mask)
    mask = expected.acquisition_mask
    scaled = 10 + 500 * expected.intensities / expected.intensities.max()
    np.testing.assert_allclose(found.intensities[mask], scaled[mask], atol=500 / 65535)
    assert not found.intensities[~mask].any()
    assert "/fs/iso_images/second" not in metaspace.files.requested


@pytest.mark.parametrize("described", [{}, {"minIntensity": None}, {"maxIntensity": "x"}, {"minIntensity": 2000.0}])
def test_an_image_without_valid_range_is_not_scaled(metaspace: LiveMetaspace, described: dict[str, Any]) -> None:
    image = metaspace.annotations[0]["isotopeImages"][0]
    del image["minIntensity"], image["maxIntensity"]
    image.update({"minIntensity": 0.0, "maxIntensity": 1000.0} | described if described else {})
    found = fetch(open_dataset(metaspace))["C6H12O6+H+"]
    assert isinstance(found, IonImage)
    assert found.intensities.max() == 65535


@pytest.mark.parametrize(
    ("database", "ions"),
    [
        (None, ["C6H12O6+H+", "C5H5N5-H2O+H+"]),
        ("HMDB-v4", ["C6H12O6+H+", "C5H5N5-H2O+H+"]),
        ("HMDB v4", ["C6H12O6+H+", "C5H5N5-H2O+H+"]),
        ("22", ["C6H12O6+H+", "C5H5N5-H2O+H+"]),
        ("LipidMaps", ["C8H9NO2+K+"]),
    ],
)
def test_a_database_is_found_by_any_of_its_names(
    metaspace: LiveMetaspace, database: str | None, ions: list[str]
) -> None:
    source = open_dataset(metaspace, database=database)
    assert [one.annotation_id for one in source.annotations()] == ions


@pytest.mark.parametrize(("database", "noun"), [("KEGG", "no database"), ("HMDB", "several databases")])
def test_the_error_for_an_unknown_or_ambiguous_database_lists_the_databases(
    metaspace: LiveMetaspace, database: str, noun: str
) -> None:
    with pytest.raises(NotFoundError, match=rf"{noun} .*LipidMaps"):
        open_dataset(metaspace, database=database).annotations()


def test_annotations_of_the_event_are_matched_by_ion_or_by_formula_and_adduct(metaspace: LiveMetaspace) -> None:
    metaspace.add("C6H12O6", "+H", encode_png(make_random_ion_image(5)), chemMod="-CH2", ion="C6H12O6-CH2+H+")
    wanted = [
        Annotation(annotation_id="C6H12O6+H+"),
        Annotation(annotation_id="mine", image="C6H12O6+H+"),
        Annotation(annotation_id="water", formula="C5H5N5", adduct="-H2O+H"),
        Annotation(annotation_id="two", formula="C6H12O6", adduct="+H"),
        Annotation(annotation_id="none"),
    ]
    found = fetch(open_dataset(metaspace), wanted)
    assert [isinstance(one, IonImage) for one in found.values()] == [True, True, True, False, False]
    assert "more than one" in str(found["two"])
    assert "annotation_id" in str(found["none"])


def test_an_image_that_is_missing_broken_or_forbidden_is_a_row(metaspace: LiveMetaspace) -> None:
    png = encode_png(make_random_ion_image(0))
    for name, url in {
        "A": "/fs/iso_images/missing", "B": None, "C": "ftp://host/a", "D": "http://u:p@host/a", "E": "/fs/a?key=1"
    }.items():  # fmt: skip
        metaspace.add(name, "+H", png, isotopeImages=[{"mz": 1.0, "url": url}])
    metaspace.add("F", "+H", png, isotopeImages=[])
    metaspace.add("G", "+H", png[:50])
    found = fetch(open_dataset(metaspace))
    assert isinstance(found["C6H12O6+H+"], IonImage)
    for name, part in {
        "A": "HTTP 404", "B": "principal isotope", "C": "s3://bucket", "D": "user or password", "E": "query",
        "F": "principal isotope", "G": "PNG",
    }.items():  # fmt: skip
        assert part in str(found[f"{name}+H+"])


def test_images_on_private_addresses_are_not_fetched(metaspace: LiveMetaspace) -> None:
    """The operator allows METASPACE, but not the hosts of the image URLs that it returns."""
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_NETWORKS"):
        fetch(open_dataset(metaspace, networks=()))


def test_the_key_is_sent_to_metaspace_only_and_shown_nowhere(
    metaspace: LiveMetaspace, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".metaspace").write_text("api_key=of-this-machine\n")
    source = open_dataset(metaspace, API_KEY, dataset_id=PRIVATE_ID)
    assert all(isinstance(one, IonImage) for one in fetch(source).values())
    assert {query["authorization"] for query in metaspace.queries} == {f"Api-Key {API_KEY}"}
    images = [
        sent
        for path, sent in zip(metaspace.files.requested, metaspace.files.headers, strict=True)
        if path.startswith("/fs/")
    ]
    assert len(images) == 2
    assert not any("Authorization" in sent for sent in images)
    assert API_KEY not in repr(vars(source))
    assert capfd.readouterr() == ("", "")


def test_a_private_dataset_without_key_is_not_found(metaspace: LiveMetaspace) -> None:
    with pytest.raises(NotFoundError, match="OFFSAMPLE_METASPACE_API_KEY"):
        open_dataset(metaspace, dataset_id=PRIVATE_ID).annotations()


def test_a_wrong_key_is_access_denied(metaspace: LiveMetaspace, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AccessDeniedError, match="OFFSAMPLE_METASPACE_API_KEY") as error:
        open_dataset(metaspace, "wrong-key").annotations()
    assert "wrong-key" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_a_metaspace_that_is_not_an_allowed_store_is_forbidden(metaspace: LiveMetaspace) -> None:
    access = SourceAccess(AllowedRoots(()), Limits(), metaspace=MetaspaceAccess(metaspace.url))
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_STORES"):
        open_source(MetaspaceIonImages(kind="metaspace", dataset_id=DATASET_ID), access)


def test_a_dataset_without_annotations_is_not_found(metaspace: LiveMetaspace) -> None:
    metaspace.annotations.clear()
    with pytest.raises(NotFoundError, match="false discovery rate"):
        open_dataset(metaspace).annotations()


def test_more_annotations_than_allowed_are_rejected_without_querying_all(metaspace: LiveMetaspace) -> None:
    png = encode_png(make_ion_image([[0.0, 1.0]]))
    for number in range(350):
        metaspace.add(f"C{number}", "+H", png)
    with pytest.raises(TooLargeError):
        open_dataset(metaspace, limits={"event_ions": 150}).annotations()
    assert len(open_dataset(metaspace).annotations()) == 352


@pytest.mark.parametrize(("status", "error"), [("ANNOTATING", TransientError), ("FAILED", NotFoundError)])
def test_an_unfinished_dataset_is_retried_or_rejected(
    metaspace: LiveMetaspace, status: str, error: type[Exception]
) -> None:
    metaspace.status = status
    with pytest.raises(error, match="FINISHED"):
        open_dataset(metaspace).annotations()


def test_a_query_that_fails_once_is_retried(metaspace: LiveMetaspace) -> None:
    failures = [Answer(503)]

    def fail_once(body: bytes, headers: dict[str, str]) -> Answer:
        return failures.pop() if failures else metaspace.answer(body, headers)

    metaspace.files.post = fail_once
    assert len(open_dataset(metaspace).annotations()) == 2
    assert failures == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500), TransientError),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), TransientError),
        (Answer(200, b"{", {"Content-Type": "application/json"}), TransientError),
        (Answer(200, b"{}", {"Content-Type": "application/json"}), UnsupportedSourceError),
        (Answer(200, b'{"data": {}}', {"Content-Type": "application/json"}), UnsupportedSourceError),
        (Answer(200, b'{"errors": [{"message": "no"}]}', {"Content-Type": "application/json"}), NotFoundError),
        (Answer(302, headers={"Location": "http://169.254.169.254/"}), ForbiddenUriError),
    ],
)
def test_an_invalid_response_of_metaspace_is_an_error_without_output(
    metaspace: LiveMetaspace, answer: Answer, error: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    metaspace.files.post = lambda *_: answer
    with pytest.raises(error, match="METASPACE"):
        open_dataset(metaspace).annotations()
    assert capfd.readouterr() == ("", "")


def test_a_metaspace_that_does_not_respond_is_a_temporary_error(metaspace: LiveMetaspace) -> None:
    metaspace.files.url = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(TransientError, match="METASPACE"):
        open_dataset(metaspace).annotations()
