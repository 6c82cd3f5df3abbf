"""A context release from fit to rows: every image is judged with its dataset, and says so in the answer."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import pytest
from live_service import BLADDER as PNG_BLADDER
from live_service import LiveServer, LiveService
from scipy.special import expit, logit

from model_store.blend import TERMS, Blend, Term
from model_store.blend_features import FEATURES, measure_features
from model_store.context import add_context, find_context
from model_store.opening import open_predictor
from model_store.predictor import Engine, Predictor
from model_store.release import Release, read_blend, verify_release
from shared.array import open_array
from shared.errors import InvalidInputError, ReleaseError
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.messages.event import ArrayIonImages, PngIonImages
from shared.png import encode_png
from shared.preprocessing import NetworkInputs, preprocess
from training.data_root import DATA_ROOT
from training.decision import Decision
from training.fit_settings import FitSettings
from training.fitting import fit_ensemble
from training.preset import RECIPES, PresetName
from training.publish import Evidence, publish_release
from training.run_folder import RunFolder
from worker.classification import Classification, classify
from worker.files import AllowedRoots
from worker.sources.opening import SourceAccess, open_source

# TensorFlow's variables predate NumPy 2's copy keyword; Keras meets that whenever it saves or loads weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

BLADDER = DATA_ROOT / "mouse_bladder" / "ion_images.npz"
RECIPE = RECIPES[PresetName.CONTEXT].model_copy(update={"epochs": 1, "batch": 16})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    found = RunFolder(tmp_path_factory.mktemp("run"))
    settings = FitSettings(preset=PresetName.CONTEXT, recipe=RECIPE, images=32, members=1, seed=5, validation_images=8)
    fit_ensemble(settings, found, lambda _: None)
    return found


@pytest.fixture(scope="module")
def context_release(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return publish_release(run, "2000.1.1-context", Evidence(), root=tmp_path_factory.mktemp("releases"))[0]


@pytest.fixture(scope="module")
def in_context(context_release: Release) -> Predictor:
    return open_predictor(context_release, Engine.ONNX)


def classify_all(path: Path, predictor: Predictor, *, one_shape: bool = True, loose: bool = False) -> Classification:
    location = PngIonImages(kind="png", uri=str(path)) if path.is_dir() else ArrayIonImages(kind="array", uri=str(path))
    source = open_source(location, SourceAccess(AllowedRoots((path,)), Limits()))
    return classify(source, source.annotations(), predictor, one_shape=one_shape, loose=loose)


def probabilities(found: Classification) -> list[float]:
    return [row.off_sample_probability for row in found.rows if row.off_sample_probability is not None]


def test_the_release_says_what_it_is_and_what_it_needs(context_release: Release, in_context: Predictor) -> None:
    manifest = context_release.manifest
    assert (manifest.kind, manifest.uses_context) == ("context", True)
    assert manifest.input.channels == ("ion_image", "acquisition_mask", "mean_ion_image", "sample_mask")
    with pytest.raises(InvalidInputError, match="with the channels ion_image, acquisition_mask, mean_ion_image"):
        in_context.predict(np.zeros((1, 56, 56, 2), dtype=np.float32))


def test_rows_are_those_of_images_with_the_context_of_all_of_them(in_context: Predictor) -> None:
    found = classify_all(BLADDER, in_context)
    inputs = preprocess([make_ion_image(pixels, mask) for pixels, mask in open_array(BLADDER, Limits()).rows()])
    context = find_context(inputs)
    assert context is not None
    expected = in_context.predict(add_context(inputs, context)).off_sample_probability
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    assert found.off_sample_area == context.off_sample_area == "present"
    alone = in_context.predict(add_context(inputs, None)).off_sample_probability
    assert np.abs(alone - expected).max() > 1e-4


def test_loose_images_are_judged_without_context(in_context: Predictor) -> None:
    found = classify_all(BLADDER, in_context, one_shape=False, loose=True)
    inputs = preprocess([make_ion_image(pixels, mask) for pixels, mask in open_array(BLADDER, Limits()).rows()])
    expected = in_context.predict(add_context(inputs, None)).off_sample_probability
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    assert found.off_sample_area is None


def test_what_is_not_of_the_dataset_changes_nothing_for_the_others(png_folder: Path, in_context: Predictor) -> None:
    before = classify_all(png_folder, in_context)
    (png_folder / "a_broken.png").write_bytes(b"no image")
    (png_folder / "b_zero.png").write_bytes(encode_png(make_ion_image(np.zeros((20, 30)))))
    odd = np.random.default_rng(0).random((31, 20))
    (png_folder / "c_odd.png").write_bytes(encode_png(make_ion_image(odd)))
    after = classify_all(png_folder, in_context)
    assert [row.status for row in after.rows[:3]] == ["unreadable", "no_signal", "unreadable"]
    np.testing.assert_allclose(probabilities(after), probabilities(before), atol=1e-6)
    assert after.off_sample_area == before.off_sample_area


def test_images_of_several_sizes_that_are_all_wanted_have_no_context(png_folder: Path, in_context: Predictor) -> None:
    (png_folder / "odd.png").write_bytes(encode_png(make_ion_image(np.random.default_rng(0).random((31, 20)))))
    found = classify_all(png_folder, in_context, one_shape=False)
    assert {row.status for row in found.rows} == {"classified"}
    assert found.off_sample_area is None


def test_nothing_to_classify_is_no_error_in_context_either(tmp_path: Path, in_context: Predictor) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    found = classify_all(tmp_path, in_context)
    assert [row.status for row in found.rows] == ["unreadable"]
    assert found.off_sample_area is None


def test_a_plain_release_says_nothing_of_the_area(predictor: Predictor, png_folder: Path) -> None:
    assert classify_all(png_folder, predictor).off_sample_area is None


@pytest.fixture(scope="module")
def joined(run: RunFolder, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The shipped release's members beside one that sees the context."""
    root = tmp_path_factory.mktemp("joined")
    return publish_release(run, "2000.1.3-context", Evidence(plain=release), root=root)[0]


def see_bladder(*, context: bool) -> NetworkInputs:
    inputs = preprocess([make_ion_image(pixels, mask) for pixels, mask in open_array(BLADDER, Limits()).rows()])
    return add_context(inputs, find_context(inputs) if context else None)


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.TENSORFLOW])
def test_image_and_context_members_are_averaged_in_context_and_without_it_the_plain_release_speaks(
    joined: Release, release: Release, context_release: Release, engine: Engine
) -> None:
    manifest = joined.manifest
    assert (len(manifest.members), manifest.image_members, manifest.context_members) == (6, 5, 1)
    both, plain = open_predictor(joined, engine), open_predictor(release, Engine.ONNX)
    alone, within = see_bladder(context=False), see_bladder(context=True)
    said, found = plain.predict(alone), both.predict(alone)
    np.testing.assert_allclose(found.off_sample_probability, said.off_sample_probability, atol=1e-5)
    np.testing.assert_allclose(found.member_spread, said.member_spread, atol=1e-5)
    third = open_predictor(context_release, Engine.ONNX).predict(within).off_sample_probability
    raw = expit(logit(said.off_sample_probability.astype(np.float64)) * manifest.temperature)
    expected = expit(logit((5 * raw + third) / 6) / manifest.temperature)
    found = both.predict(within)
    np.testing.assert_allclose(found.off_sample_probability, expected, atol=1e-4)
    assert both.predict(within[:0]).off_sample_probability.shape == (0,)
    mixed = both.predict(np.concatenate([alone[:3], within[3:]])).off_sample_probability
    np.testing.assert_allclose(mixed[:3], said.off_sample_probability[:3], atol=1e-5)
    np.testing.assert_allclose(mixed[3:], found.off_sample_probability[3:], atol=1e-5)


def test_a_joined_release_decides_as_the_plain_one_and_its_card_says_so(joined: Release, release: Release) -> None:
    assert joined.manifest.uncertain_band == release.manifest.uncertain_band
    assert joined.manifest.temperature == release.manifest.temperature
    card = " ".join((joined.folder / "model_card.md").read_text(encoding="utf-8").split())
    assert f"Beside these context members stand the 5 members of release {release.version}" in card
    assert f"The members of release {release.version} judge an image without context alone" in card
    assert "in context not calibrated" in card
    assert joined.manifest.provenance.command.endswith(f"--plain {release.version}")


def test_a_blend_weighs_networks_with_the_mask_and_leaves_images_without_context(
    run: RunFolder, release: Release, tmp_path: Path
) -> None:
    blend = make_blend(correlation=2.0)
    evidence = Evidence(blend=blend, plain=release)
    blending, _ = publish_release(run, "2000.1.2-context", evidence, root=tmp_path / "releases")
    assert blending.blend == blend
    assert blending.manifest.uncertain_band == (0.1, 0.9)
    assert "## Blend" in (blending.folder / "model_card.md").read_text(encoding="utf-8")
    seen, alone = see_bladder(context=True), see_bladder(context=False)
    correlation = measure_features(seen)[:, FEATURES.index("correlation")]
    plain = open_predictor(release, Engine.ONNX).predict(alone).off_sample_probability
    for engine in (Engine.ONNX, Engine.TENSORFLOW):
        blended = open_predictor(blending, engine)
        found = blended.predict(seen).off_sample_probability
        np.testing.assert_allclose(found, expit(2 * correlation), atol=1e-5)
        np.testing.assert_allclose(blended.predict(alone).off_sample_probability, plain, atol=1e-5)
        assert blended.predict(seen[:0]).off_sample_probability.shape == (0,)
    rows = classify_all(BLADDER, open_predictor(blending, Engine.ONNX))
    np.testing.assert_allclose(probabilities(rows), expit(2 * correlation), atol=1e-5)


def test_a_blend_hears_image_and_context_members_as_they_are(run: RunFolder, release: Release, tmp_path: Path) -> None:
    """Weights that leave one of them alone give its own mean, at no temperature."""
    seen = see_bladder(context=True)
    networks = {"network": slice(0, 5), "context_network": slice(5, 6)}
    for number, (name, members) in enumerate(networks.items()):
        blend = make_blend(**{name: 1.0})
        evidence = Evidence(blend=blend, plain=release)
        found, _ = publish_release(run, f"2000.1.{number}-context", evidence, root=tmp_path / "releases")
        outputs = [keras.saving.load_model(path, compile=False) for path in found.member_paths[members]]
        off = [np.asarray(one(seen[..., : one.input_shape[-1]], training=False))[:, 1] for one in outputs]
        actual = open_predictor(found, Engine.ONNX).predict(seen).off_sample_probability
        np.testing.assert_allclose(actual, np.mean(off, axis=0), atol=1e-4)


def test_a_blend_needs_image_members_and_a_plain_release_no_context(
    run: RunFolder, context_release: Release, release: Release, tmp_path: Path
) -> None:
    with pytest.raises(
        InvalidInputError, match="a blend weighs image members and context members; right would be a plain"
    ):
        publish_release(run, "2000.1.4", Evidence(blend=make_blend()), root=tmp_path)
    with pytest.raises(InvalidInputError, match=r"release 2000\.1\.1-context sees the context itself; right would be"):
        publish_release(run, "2000.1.4", Evidence(plain=context_release), root=tmp_path)
    decided = Decision(0.5, None, 1.5, "by this test", "")
    with pytest.raises(InvalidInputError, match="brings threshold, temperature and doubt of its own; right would be"):
        publish_release(run, "2000.1.4", Evidence(plain=release, decision=decided), root=tmp_path)
    turned = replace(release, manifest=release.manifest.model_copy(update={"label_order": ("off", "on")}))
    with pytest.raises(InvalidInputError, match=r"has the label order \('off', 'on'\); right would be \('on', 'off'\)"):
        publish_release(run, "2000.1.4", Evidence(plain=turned), root=tmp_path)


def test_a_blend_of_other_members_or_altered_stops_its_release(
    run: RunFolder, release: Release, tmp_path: Path
) -> None:
    published, _ = publish_release(run, "2000.1.2-context", Evidence(blend=make_blend(), plain=release), root=tmp_path)
    path = published.folder / "blend.json"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("correlation", "chemistry"), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"blend\.json has sha256"):
        verify_release(published.folder)
    with pytest.raises(ReleaseError, match=r"blend\.json is no blend: .*right would be"):
        read_blend(path)


def make_blend(**weights: float) -> Blend:
    return Blend(
        terms=tuple(Term(name=name, mean=0.0, scale=1.0, weight=weights.get(name, 0.0)) for name in TERMS),
        intercept=0.0,
        uncertain_band=(0.1, 0.9),
        fitted_on="nothing",
    )


@pytest.fixture
def installed(context_release: Release, release: Release, tmp_path: Path) -> Path:
    """A releases folder with the shipped release as default, and the context release beside it."""
    root = tmp_path / "installed"
    for one in (release, context_release):
        shutil.copytree(one.folder, root / one.version)
    (root / "DEFAULT").write_text(f"{release.version}\n", encoding="ascii")
    return root


def test_an_event_that_pins_a_context_release_is_told_of_the_area(installed: Path) -> None:
    with TemporaryDirectory(prefix="offs-") as folder:
        server = LiveServer(Path(folder))
        server.start()
        service = LiveService(server, Path(folder), {"OFFSAMPLE_RELEASES_ROOT": str(installed)})
        try:
            service.start_worker()
            service.send(make_event("plain"))
            service.send(make_event("pinned", release="2000.1.1-context"))
            plain, pinned = (service.wait_for_closing(name)["data"] for name in ("plain", "pinned"))
        finally:
            service.close()
    assert (plain["release"], plain["off_sample_area"]) != (pinned["release"], pinned["off_sample_area"])
    assert plain["off_sample_area"] is None
    assert (pinned["release"], pinned["off_sample_area"]) == ("2000.1.1-context", "present")
    assert plain["counts"]["classified"] == pinned["counts"]["classified"] == 79


def make_event(name: str, **data: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "offsample.dataset.annotated.v1",
        "source": "/test",
        "id": name,
        "data": {"dataset_id": "bladder", "ion_images": {"kind": "png", "uri": str(PNG_BLADDER)}, **data},
    }


def test_the_command_line_serves_a_context_release_that_is_named(installed: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "worker.cli.main", "classify", str(PNG_BLADDER), "--release", "2000.1.1-context"],
        env=os.environ | {"OFFSAMPLE_RELEASES_ROOT": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "off-sample area present (release 2000.1.1-context)" in ended.stderr


FULL_DISK = """
import resource, signal, sys
import numpy as np
from shared.errors import TransientError
from worker.input_spool import InputSpool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
with InputSpool() as spool:
    spool.add(["one"], np.zeros((1, 56, 56, 2), np.float32))
    try:
        spool.add(["two", "three"], np.zeros((2, 56, 56, 2), np.float32))
    except TransientError as error:
        print(error)
        sys.exit(7)
"""


def test_a_full_disk_is_a_passing_trouble_and_one_sentence() -> None:
    ended = subprocess.run([sys.executable, "-c", FULL_DISK], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.startswith("network inputs cannot be put aside in ")
    assert "right would be 25 KB of room for each ion image" in ended.stdout
