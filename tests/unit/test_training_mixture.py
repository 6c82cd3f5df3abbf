"""Mixtures are files whose content is checked, and whose digest follows the content alone."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from shared.errors import InvalidInputError
from training.synthetic.measurement import SIGNALS
from training.synthetic.mixture import (
    BENCHMARK_PATH,
    CURRENT,
    SHIPPED,
    Mixture,
    Shares,
    load_benchmark,
    load_mixture,
    load_training_mixture,
)
from training.synthetic.patterns.catalogue import PATTERNS
from training.synthetic.scenes.acquired_area import ACQUIRED_AREAS
from training.synthetic.scenes.placement import PLACEMENTS

FROZEN = "ffe7bf286f88"
"""First digits of the benchmark's digest. Another benchmark is a decision, to be made before anything is fitted."""


def test_the_benchmark_is_the_one_that_was_frozen() -> None:
    assert load_benchmark().digest.startswith(FROZEN)


SHIPPED_DIGEST = "ae2f8294a393"
"""First digits of the digest of what the shipped releases were fitted on."""


def test_what_shipped_releases_were_fitted_on_is_still_the_default_and_unchanged() -> None:
    assert load_training_mixture() == load_training_mixture(SHIPPED)
    assert load_training_mixture(SHIPPED).digest.startswith(SHIPPED_DIGEST)
    assert load_training_mixture(CURRENT).digest != load_training_mixture(SHIPPED).digest


def test_the_current_mixture_draws_every_pattern_placement_acquisition_and_signal_level_and_no_other() -> None:
    mixture = load_training_mixture(CURRENT)
    assert set(mixture.patterns.root) == set(PATTERNS)
    assert set(mixture.placements.root) == set(PLACEMENTS)
    assert set(mixture.acquisitions.root) == set(ACQUIRED_AREAS)
    assert set(mixture.signals.root) == set(SIGNALS)


@pytest.mark.parametrize(
    "mixture", [load_training_mixture(SHIPPED), load_benchmark().mixture], ids=["training-1", "benchmark"]
)
def test_older_mixtures_draw_alike_names_and_only_such_as_there_are(mixture: Mixture) -> None:
    assert set(mixture.patterns.root) == set(PATTERNS) - {
        "bright_ring",
        "striped_film",
        "corner_polymer",
        "patterned_slide",
    }
    assert set(mixture.placements.root) == set(PLACEMENTS) - {"round", "small_sections"}
    assert set(mixture.acquisitions.root) == set(ACQUIRED_AREAS) - {"close_to_sample", "inside_sample"}
    assert set(mixture.signals.root) == set(SIGNALS)


def test_an_unknown_mixture_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="mixture"):
        load_training_mixture("training-0")


def test_the_digest_ignores_comments_and_order_and_sees_every_number(tmp_path: Path) -> None:
    content = yaml.safe_load(BENCHMARK_PATH.read_text(encoding="utf-8"))
    path = tmp_path / "benchmark.yaml"
    path.write_text("# another comment\n" + yaml.safe_dump(content, sort_keys=True), encoding="utf-8")
    assert load_benchmark(path).digest == load_benchmark().digest
    content["mixture"]["artefacts"]["stripes"] += 0.01
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert load_benchmark(path).digest != load_benchmark().digest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patterns": {"rim": 0.5}}, r"add up to 0\.5"),
        ({"patterns": {"rim": 1.5, "halo": -0.5}}, "own.yaml is no Mixture"),
        ({"unknown": 1}, "own.yaml is no Mixture"),
    ],
)
def test_a_mixture_that_is_wrong_is_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    content = yaml.safe_load((BENCHMARK_PATH.parent / f"{SHIPPED}.yaml").read_text(encoding="utf-8")) | change
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=sentence):
        load_mixture(path)


@pytest.mark.parametrize("content", ["{", "- 1", ""])
def test_a_file_that_is_no_mixture_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"own\.yaml is no (YAML|Mixture)"):
        load_mixture(path)


def test_shares_are_drawn_as_often_as_they_say() -> None:
    shares, rng = Shares({"rare": 0.1, "often": 0.9}), np.random.default_rng(0)
    drawn = [shares.draw(rng) for _ in range(2_000)]
    assert 0.07 < drawn.count("rare") / len(drawn) < 0.13
    assert {shares.only("rare").draw(rng) for _ in range(5)} == {"rare"}
