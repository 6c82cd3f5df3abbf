"""Datasets on METASPACE: the real client against a server on loopback.

The server's answers are written from the client's source (see live_metaspace.py): nothing could be recorded.
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
from live_stores import Answer, free_port
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


def test_every_annotation_up_to_the_rate_comes_under_metaspaces_own_name(metaspace: LiveMetaspace) -> None:
    source = open_dataset(metaspace)
    first, second = source.annotations()
    assert (first.annotation_id, first.formula, first.adduct, first.mz) == ("C6H12O6+H+", "C6H12O6", "+H", 100.5)
    assert second.annotation_id == "C5H5N5-H2O+H+"
    assert len(open_dataset(metaspace, fdr=0.2).annotations()) == 3


def test_images_are_the_principal_isotopes_with_all_16_bits_and_the_acquisition_mask(metaspace: LiveMetaspace) -> None:
    """The client gives 8 of the 16 bits and no mask, so images are fetched beside it."""
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
    assert "/fs/iso_images/second" not in metaspace.files.asked


@pytest.mark.parametrize("described", [{}, {"minIntensity": None}, {"maxIntensity": "x"}, {"minIntensity": 2000.0}])
def test_an_image_without_sound_range_stays_as_it_is(metaspace: LiveMetaspace, described: dict[str, Any]) -> None:
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


@pytest.mark.parametrize(("database", "word"), [("KEGG", "no database"), ("HMDB", "several databases")])
def test_a_database_that_is_not_one_is_refused_with_the_names_there_are(
    metaspace: LiveMetaspace, database: str, word: str
) -> None:
    with pytest.raises(NotFoundError, match=rf"{word} .* expected one of 'HMDB v2.5', 'HMDB v4', 'LipidMaps"):
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
    assert "more than one such annotation" in str(found["two"])
    assert "no such annotation" in str(found["none"])


def test_an_image_that_is_missing_broken_or_misplaced_is_a_row(metaspace: LiveMetaspace) -> None:
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
        "A": "HTTP 404", "B": "no image of the principal", "C": "no place", "D": "user or password", "E": "query",
        "F": "no image of the principal", "G": "ends too early",
    }.items():  # fmt: skip
        assert part in str(found[f"{name}+H+"])


def test_images_on_private_addresses_are_not_fetched(metaspace: LiveMetaspace) -> None:
    """Only METASPACE itself is the operator's choice; where it sends for images is not."""
    with pytest.raises(ForbiddenUriError, match="not public address"):
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
        for path, sent in zip(metaspace.files.asked, metaspace.files.headers, strict=True)
        if path.startswith("/fs/")
    ]
    assert len(images) == 2
    assert not any("Authorization" in sent for sent in images)
    assert API_KEY not in repr(vars(source))
    assert capfd.readouterr() == ("", "")


def test_a_private_dataset_without_key_is_not_found(metaspace: LiveMetaspace) -> None:
    with pytest.raises(NotFoundError, match="OFFSAMPLE_METASPACE_API_KEY"):
        open_dataset(metaspace, dataset_id=PRIVATE_ID).annotations()


def test_a_wrong_key_is_one_clear_error(metaspace: LiveMetaspace, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AccessDeniedError, match="does not take this worker's key") as error:
        open_dataset(metaspace, "wrong-key").annotations()
    assert "wrong-key" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_a_metaspace_that_is_not_among_the_stores_is_forbidden(metaspace: LiveMetaspace) -> None:
    access = SourceAccess(AllowedRoots(()), Limits(), metaspace=MetaspaceAccess(metaspace.url))
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_STORES"):
        open_source(MetaspaceIonImages(kind="metaspace", dataset_id=DATASET_ID), access)


def test_a_dataset_without_annotations_is_not_found(metaspace: LiveMetaspace) -> None:
    metaspace.annotations.clear()
    with pytest.raises(
        NotFoundError, match=r"no annotation on METASPACE against HMDB v4 up to a false discovery rate of 0\.1"
    ):
        open_dataset(metaspace).annotations()


def test_more_annotations_than_allowed_are_refused_without_asking_for_all(metaspace: LiveMetaspace) -> None:
    png = encode_png(make_ion_image([[0.0, 1.0]]))
    for number in range(350):
        metaspace.add(f"C{number}", "+H", png)
    with pytest.raises(TooLargeError, match="number of annotations on METASPACE"):
        open_dataset(metaspace, limits={"event_ions": 150}).annotations()
    assert len(open_dataset(metaspace).annotations()) == 352


@pytest.mark.parametrize(("status", "error"), [("ANNOTATING", TransientError), ("FAILED", NotFoundError)])
def test_a_dataset_that_is_not_finished_is_waited_for_or_refused(
    metaspace: LiveMetaspace, status: str, error: type[Exception]
) -> None:
    metaspace.status = status
    with pytest.raises(error, match="expected FINISHED"):
        open_dataset(metaspace).annotations()


def test_what_fails_once_is_asked_again(metaspace: LiveMetaspace) -> None:
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
def test_a_metaspace_that_answers_oddly_is_a_clear_error(
    metaspace: LiveMetaspace, answer: Answer, error: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    metaspace.files.post = lambda *_: answer
    with pytest.raises(error, match="METASPACE at"):
        open_dataset(metaspace).annotations()
    assert capfd.readouterr() == ("", "")


def test_a_metaspace_that_is_away_is_passing(metaspace: LiveMetaspace) -> None:
    metaspace.files.url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TransientError, match="does not answer now"):
        open_dataset(metaspace).annotations()
