"""Hostile URIs and files: each is answered, and none affects the worker."""

import json
import zlib
from pathlib import Path
from typing import Any

import h5py
import numcodecs
import numpy as np
import zarr
from imzml_making import make_spectra, write_hostile_imzml, write_imzml
from live_service import BLADDER, LiveService, make_event, require_whole_once
from live_stores import Answer, HttpFiles, http_files

SECRET = "hunter2"
PNG = next(iter(sorted(BLADDER.glob("*.png")))).read_bytes()


def _png(uri: str, **data: Any) -> dict[str, Any]:
    return make_event(ion_images={"kind": "png", "uri": uri}, annotations=[{"annotation_id": "a"}], **data)


def _array(uri: object) -> dict[str, Any]:
    return make_event(ion_images={"kind": "array", "uri": str(uri)})


def _imzml(uri: object, **data: Any) -> dict[str, Any]:
    return make_event(ion_images={"kind": "imzml", "uri": str(uri)}, **data)


def _imzml_events(folder: Path, served: HttpFiles) -> list[tuple[str, dict[str, Any], str]]:
    sound = write_imzml(folder / "sound.imzML", make_spectra(3, 3))
    strayed = write_imzml(folder / "strayed.imzML", make_spectra(3, 3))
    strayed.with_suffix(".ibd").unlink()
    strayed.with_suffix(".ibd").symlink_to("/etc/passwd")
    return [
        *((f"imzML, {what}", _imzml(path), "invalid_ion_image") for what, path in write_hostile_imzml(folder).items()),
        ("imzML, ibd elsewhere", _imzml(strayed), "forbidden_uri"),
        ("imzML, no annotations", _imzml(sound, annotations=[]), "invalid_annotations"),
        ("imzML in a store", _imzml(f"{served.url}/ds/a.imzML"), "unsupported_source"),
    ]


def _zarr_bomb(folder: Path) -> Path:
    """Four images in one chunk that unpacks to 256 MiB."""
    path = folder / "bomb.zarr"
    zarr.create_array(path, data=np.ones((4, 8, 8)), zarr_format=2, compressors=numcodecs.Zlib())
    (path / "0.0.0").write_bytes(zlib.compress(b"\0" * 2**28))
    return path


def _zarr_pickle(folder: Path) -> Path:
    path = folder / "pickle.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("images", data=np.ones((4, 8, 8)), compressors=None)
    description = json.loads((path / "images" / ".zarray").read_text())
    description |= {"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}], "fill_value": None}
    (path / "images" / ".zarray").write_text(json.dumps(description))
    (path / "images" / "0.0.0").write_bytes(f"cos\nsystem\n(S'touch {folder / 'boom'}'\ntR.".encode())
    return path


def _h5ad_link(folder: Path) -> Path:
    path = folder / "link.h5ad"
    with h5py.File(path, "w") as file:
        file["X"] = h5py.ExternalLink("/etc/passwd", "/X")
    return path


def _npz_letters(folder: Path) -> Path:
    """An id with a code point beyond Unicode, for which Python raises SystemError."""
    path = folder / "letters.npz"
    np.savez(path, images=np.ones((1, 8, 8)), annotation_ids=np.array([0x110000], "<u4").view("<U1"))
    return path


def _h5ad_bomb(folder: Path) -> Path:
    path = folder / "bomb.h5ad"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("X", shape=(16, 4), dtype="f4", chunks=(16, 4), compression="gzip")
        data.id.write_direct_chunk((0, 0), zlib.compress(b"\0" * 2**29))
    return path


def _hostile_events(folder: Path, served: HttpFiles) -> list[tuple[str, dict[str, Any], str]]:
    """What is tried, the event, and the expected error code."""
    return [
        ("user and password", _png(f"http://user:{SECRET}@127.0.0.1/"), "forbidden_uri"),
        ("signature", _png(f"{served.url}/ds?X-Amz-Signature={SECRET}"), "forbidden_uri"),
        ("other host", _png("https://evil.example/{annotation_id}.png"), "forbidden_uri"),
        ("metadata of a cloud", _png("http://169.254.169.254/latest/meta-data/{annotation_id}"), "forbidden_uri"),
        ("private host among the stores", _png("http://10.255.255.1/{annotation_id}.png"), "forbidden_uri"),
        ("loopback as a number, among the stores", _png("http://2130706434/{annotation_id}"), "forbidden_uri"),
        ("host from a template", _png("http://{annotation_id}/x"), "forbidden_uri"),
        ("other field in a template", _png(f"{served.url}/{{annotation_id.__init__.__globals__}}"), "forbidden_uri"),
        ("out of a prefix", _png(f"{served.url}/ds/../secret"), "forbidden_uri"),
        ("out of a prefix, encoded twice", _png(f"{served.url}/ds/%252e%252e/secret"), "forbidden_uri"),
        ("other bucket", _png("s3://other/ds"), "forbidden_uri"),
        ("chained file systems", _png("simplecache::http://127.0.0.1/"), "forbidden_uri"),
        ("out of a root", _png(f"file://{folder}/%2e%2e/%2e%2e/etc"), "forbidden_uri"),
        ("link out of a root", _png(f"{folder}/up/etc"), "forbidden_uri"),
        ("list elsewhere", _list(f"{served.url}/secret.csv"), "forbidden_uri"),
        ("list on a cloud", _list("http://169.254.169.254/latest/user-data"), "forbidden_uri"),
        ("list that is redirected", _list(f"{served.url}/ds/redirect.csv"), "forbidden_uri"),
        ("endless list", _list(f"{served.url}/ds/flood.csv"), "too_large"),
        ("array of a kind not served in a store", _array(f"{served.url}/ds/a.npz"), "unsupported_source"),
        ("zarr in another store", _array("https://evil.example/a.zarr"), "forbidden_uri"),
        ("endless zarr", _array(f"{served.url}/ds/flood.zarr"), "too_large"),
        ("zarr bomb", _array(_zarr_bomb(folder)), ""),
        ("pickle in zarr", _array(_zarr_pickle(folder)), "invalid_ion_image"),
        ("link in HDF5", _array(_h5ad_link(folder)), "invalid_ion_image"),
        ("id that is not Unicode", _array(_npz_letters(folder)), "invalid_ion_image"),
        ("HDF5 bomb", _array(_h5ad_bomb(folder)), "too_large"),
        *_imzml_events(folder, served),
        ("METASPACE", make_event(ion_images={"kind": "metaspace", "dataset_id": "x"}), "forbidden_uri"),
    ]


def _list(uri: str) -> dict[str, Any]:
    return make_event(annotations_uri=uri)


def _hostile_images() -> dict[str, Answer | bytes]:
    """Bad images in a working store; each is a row."""

    def flood(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(2**14):
            handler.wfile.write(b"annotation_id\n" * 2**10)

    huge = PNG[:16] + (2**31 - 1).to_bytes(4) * 2 + PNG[24:29]
    return {
        "/ds/flood.png": Answer(send=flood),
        "/ds/flood.csv": Answer(send=flood),
        "/ds/flood.zarr/zarr.json": Answer(send=flood),
        "/ds/redirect.png": Answer(302, headers={"Location": "/secret"}),
        "/ds/redirect.csv": Answer(302, headers={"Location": "/secret.csv"}),
        "/ds/html.png": b"<html>",
        "/ds/cut.png": PNG[:100],
        "/ds/huge.png": huge + zlib.crc32(huge[12:]).to_bytes(4) + PNG[33:],
        "/secret": PNG,
        "/secret.csv": b"annotation_id\na\n",
    }


def test_every_hostile_event_is_answered_and_does_not_affect_the_worker(service: LiveService) -> None:
    (service.folder / "up").symlink_to("/")
    with http_files({"/ds/good.png": PNG} | _hostile_images()) as served:
        stores = f"{served.url}/ds http://10.255.255.1 http://2130706434 http://169.254.169.254"
        worker = service.start_worker(
            allowed_stores=stores,
            allowed_networks="127.0.0.1/32",
            max_event_bytes=10**6,
        )
        children = worker.children
        events = _hostile_events(service.folder, served)
        for _, event, _ in events:
            service.send(event)
        names = ["flood", "redirect", "html", "cut", "huge", "../secret", "missing", "good"]
        images = make_event(
            ion_images={"kind": "png", "uri": f"{served.url}/ds"},
            annotations=[{"annotation_id": name} for name in names],
        )
        good = make_event()
        service.send(images)
        service.send(good)
        service.wait_for_closing(good["id"])

    for what, event, code in events:
        _, answer = _last(service, event)
        if code:
            assert answer["data"].get("error") == code, what
        else:  # an error of the chunk, so of its rows
            rows = service.answers(event["id"])[0]["data"]["rows"]
            assert {row["status"] for row in rows} == {"unreadable"}, what
    rows = {row["annotation_id"]: row for row in service.answers(images["id"])[0]["data"]["rows"]}
    assert rows.pop("good")["status"] == "classified"
    assert {row["status"] for row in rows.values()} == {"unreadable"}
    assert len({row["reason"] for row in rows.values()}) == len(rows)
    assert not {"/secret", "/secret.csv"} & set(served.requested)
    assert not (service.folder / "boom").exists()
    assert SECRET not in json.dumps(service.results()) + worker.log_path.read_text()
    require_whole_once(service, [good])
    assert (worker.children, worker.process.poll(), service.dead_letters()) == (children, None, [])


def _last(service: LiveService, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answers = service.answers(event["id"])
    assert answers
    return len(answers), answers[-1]
