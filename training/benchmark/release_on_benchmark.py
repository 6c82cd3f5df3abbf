"""Predictions and scores of a release on the frozen benchmark."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.manifest import BenchmarkScores
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release
from training.benchmark.frozen_set import FrozenSet
from training.fit.context_inputs import without_context
from training.metrics.border_centre import OFF_ABOVE_RATIO, score_border_centre
from training.metrics.calibration import expected_calibration_error
from training.metrics.resampling import Resampling
from training.metrics.scores import Metrics, difference_of_f1, measure, measure_intervals
from training.reports.text_tables import TextTable


@dataclass(frozen=True, eq=False)
class ReleaseOnBenchmark:
    """Predictions of a release for every benchmark image."""

    frozen: FrozenSet
    probability: npt.NDArray[np.float64]
    """(N,) off-sample probabilities."""

    threshold: float

    def scores(self) -> BenchmarkScores:
        """Scores on all images."""
        off, ratios = self.frozen.labelled_set.off, score_border_centre(self.frozen.labelled_set.inputs)
        predicted_off, rule_predicted_off = self.probability >= self.threshold, ratios > OFF_ABOVE_RATIO
        own, rule = measure(off, self.probability, predicted_off), measure(off, ratios, rule_predicted_off)
        resampling = Resampling(self.frozen.groups)
        intervals, rule_intervals = (
            measure_intervals(off, one, resampling) for one in (predicted_off, rule_predicted_off)
        )
        return BenchmarkScores(
            identity=self.frozen.identity,
            correct=own.correct,
            images=own.images,
            f1=own.f1 or 0.0,
            precision=own.precision or 0.0,
            recall=own.recall or 0.0,
            auc=own.auc or 0.0,
            expected_calibration_error=expected_calibration_error(off, self.probability),
            rule_f1=rule.f1 or 0.0,
            rule_auc=rule.auc or 0.0,
            accuracy_ci=intervals.get("accuracy"),
            f1_95=intervals.get("f1"),
            rule_f1_95=rule_intervals.get("f1"),
            f1_above_rule_95=difference_of_f1(off, predicted_off, rule_predicted_off, resampling),
        )

    def aspect_tables(self) -> list[TextTable]:
        """By pattern, scene and signal level, worst first."""
        return [self._tabulate(aspect, names) for aspect, names in self.frozen.labelled_set.aspects.items()]

    def _tabulate(self, aspect: str, names: tuple[str, ...]) -> TextTable:
        found: list[tuple[str, Metrics]] = []
        for name in sorted(set(names)):
            inside = np.asarray(names) == name
            off, probability = self.frozen.labelled_set.off[inside], self.probability[inside]
            found.append((name, measure(off, probability, probability >= self.threshold)))
        found.sort(key=lambda one: one[1].accuracy)
        rows = tuple(
            (
                name.replace("_", " "),
                f"{metrics.correct} of {metrics.images}",
                f"{metrics.accuracy:.3f}",
                str(metrics.off),
                f"{metrics.f1:.3f}" if metrics.off and metrics.f1 is not None else "-",
            )
            for name, metrics in found
        )
        return TextTable(f"By {aspect}, worst first", (aspect, "correct", "accuracy", "off", "F1"), rows)


def run_on_benchmark(release: Release, frozen: FrozenSet) -> ReleaseOnBenchmark:
    """Predict with ONNX Runtime, as the service does on a CPU; a context release gets no context."""
    found = open_predictor(release, Engine.ONNX).predict(without_context(frozen.labelled_set.inputs, release.manifest))
    probability = found.off_sample_probability.astype(np.float64)
    return ReleaseOnBenchmark(frozen, probability, release.manifest.threshold)
