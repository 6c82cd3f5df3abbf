"""Evaluation: a release and the untrained rule, on each real set on its own."""

from collections.abc import Sequence

from model_store.opening import open_predictor
from model_store.predictor import Engine, Predictor
from model_store.release import Release
from shared.preprocessing import NetworkInputs
from training.border_centre import OFF_ABOVE_RATIO, score_border_centre
from training.contexts import see_real
from training.figures import Figures, judge
from training.real_sets import RealSet

RULE_NAME = "border/centre rule"


def evaluate_release(release: Release, real_sets: Sequence[RealSet]) -> list[Figures]:
    """Two rows for every set: the release under ONNX Runtime, then the rule; nothing is pooled."""
    predictor = open_predictor(release, Engine.ONNX)
    rows: list[Figures] = []
    for real_set in real_sets:
        inputs = see_real(real_set, release.manifest)
        rows.append(_judge_release(predictor, real_set, inputs))
        rows.append(judge_rule(real_set, inputs))
    return rows


def judge_rule(real_set: RealSet, inputs: NetworkInputs) -> Figures:
    """The border/centre rule on one set."""
    ratios = score_border_centre(inputs)
    return judge(real_set, RULE_NAME, ratios, ratios > OFF_ABOVE_RATIO)


def _judge_release(predictor: Predictor, real_set: RealSet, inputs: NetworkInputs) -> Figures:
    probabilities = predictor.predict(inputs).off_sample_probability
    called_off = probabilities >= predictor.release.manifest.threshold
    return judge(real_set, f"release {predictor.release.version}", probabilities, called_off)
