"""Mixtures are validated files, and their digest depends on the content alone."""

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
"""First digits of the benchmark's digest. Change it deliberately, and before anything is fitted."""


def test_the_frozen_benchmark_is_unchanged() -> None:
    assert load_benchmark().digest.startswith(FROZEN)


SHIPPED_DIGEST = "ae2f8294a393"
"""First digits of the digest of the mixture of the shipped releases."""


def test_the_mixture_of_the_shipped_releases_is_still_the_default_and_unchanged() -> None:
    assert load_training_mixture() == load_training_mixture(SHIPPED)
    assert load_training_mixture(SHIPPED).digest.startswith(SHIPPED_DIGEST)
    assert load_training_mixture(CURRENT).digest != load_training_mixture(SHIPPED).digest


def test_the_current_mixture_draws_exactly_the_known_patterns_placements_acquired_areas_and_signal_levels() -> None:
    mixture = load_training_mixture(CURRENT)
    assert set(mixture.patterns.root) == set(PATTERNS)
    assert set(mixture.placements.root) == set(PLACEMENTS)
    assert set(mixture.acquisitions.root) == set(ACQUIRED_AREAS)
    assert set(mixture.signals.root) == set(SIGNALS)


@pytest.mark.parametrize(
    "mixture", [load_training_mixture(SHIPPED), load_benchmark().mixture], ids=["training-1", "benchmark"]
)
def test_older_mixtures_draw_the_earlier_names_only(mixture: Mixture) -> None:
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


def test_the_digest_ignores_comments_and_order_and_changes_with_every_number(tmp_path: Path) -> None:
    content = yaml.safe_load(BENCHMARK_PATH.read_text(encoding="utf-8"))
    path = tmp_path / "benchmark.yaml"
    path.write_text("# another comment\n" + yaml.safe_dump(content, sort_keys=True), encoding="utf-8")
    assert load_benchmark(path).digest == load_benchmark().digest
    content["mixture"]["artefacts"]["stripes"] += 0.01
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert load_benchmark(path).digest != load_benchmark().digest


@pytest.mark.parametrize(
    ("change", "noun"),
    [
        ({"patterns": {"rim": 0.5}}, "shares"),
        ({"patterns": {"rim": 1.5, "halo": -0.5}}, "halo"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_an_invalid_mixture_is_refused(tmp_path: Path, change: dict[str, object], noun: str) -> None:
    content = yaml.safe_load((BENCHMARK_PATH.parent / f"{SHIPPED}.yaml").read_text(encoding="utf-8")) | change
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=noun):
        load_mixture(path)


@pytest.mark.parametrize("content", ["{", "- 1", ""])
def test_a_file_without_a_mixture_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="own"):
        load_mixture(path)


def test_names_are_drawn_with_the_frequency_of_their_shares() -> None:
    shares, rng = Shares({"rare": 0.1, "often": 0.9}), np.random.default_rng(0)
    drawn = [shares.draw(rng) for _ in range(2_000)]
    assert 0.07 < drawn.count("rare") / len(drawn) < 0.13
    assert {shares.only("rare").draw(rng) for _ in range(5)} == {"rare"}
