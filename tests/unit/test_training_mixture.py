"""Mixtures are files whose content is checked, and whose digest follows the content alone."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from shared.errors import InvalidInputError
from training.synthetic.acquisition import ACQUISITIONS
from training.synthetic.measurement import SIGNALS
from training.synthetic.mixture import (
    BENCHMARK_PATH,
    TRAINING_PATH,
    Mixture,
    Shares,
    load_benchmark,
    load_training_mixture,
)
from training.synthetic.patterns import PATTERNS
from training.synthetic.placement import PLACEMENTS

FROZEN = "ffe7bf286f88"
"""First digits of the benchmark's digest. Another benchmark is a decision, to be made before anything is fitted."""


def test_the_benchmark_is_the_one_that_was_frozen() -> None:
    assert load_benchmark().digest.startswith(FROZEN)


@pytest.mark.parametrize("mixture", [load_training_mixture(), load_benchmark().mixture], ids=["training", "benchmark"])
def test_every_pattern_placement_acquisition_and_signal_level_is_drawn_and_no_other(mixture: Mixture) -> None:
    assert set(mixture.patterns.root) == set(PATTERNS)
    assert set(mixture.placements.root) == set(PLACEMENTS)
    assert set(mixture.acquisitions.root) == set(ACQUISITIONS)
    assert set(mixture.signals.root) == set(SIGNALS)


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
        ({"patterns": {"rim": 0.5}}, r"add up to 0\.5; right would be 1"),
        ({"patterns": {"rim": 1.5, "halo": -0.5}}, "training.yaml is no Mixture"),
        ({"unknown": 1}, "training.yaml is no Mixture"),
    ],
)
def test_a_mixture_that_is_wrong_is_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    content = yaml.safe_load(TRAINING_PATH.read_text(encoding="utf-8")) | change
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=sentence):
        load_training_mixture(path)


@pytest.mark.parametrize("content", ["{", "- 1", ""])
def test_a_file_that_is_no_mixture_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "training.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"training\.yaml is no (YAML|Mixture)"):
        load_training_mixture(path)


def test_shares_are_drawn_as_often_as_they_say() -> None:
    shares, rng = Shares({"rare": 0.1, "often": 0.9}), np.random.default_rng(0)
    drawn = [shares.draw(rng) for _ in range(2_000)]
    assert 0.07 < drawn.count("rare") / len(drawn) < 0.13
    assert {shares.only("rare").draw(rng) for _ in range(5)} == {"rare"}
