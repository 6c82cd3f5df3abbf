"""The verdict: whether networks beat the untrained rule."""

from training.cross_validation.evaluation import AVERAGE, Evaluation
from training.metrics.release_scores import RULE_NAME


def describe_verdict(evaluation: Evaluation) -> str:
    """The report's first line: whether the networks beat the untrained rule."""
    own, rule = evaluation.fold_means[AVERAGE]["auc"].mean, evaluation.fold_means[RULE_NAME]["auc"].mean
    if own is None or rule is None:
        return f"Every fold holds out one class only: nothing can be said of networks and {RULE_NAME}."
    pooled = {row.predictor: row.metrics.auc for row in evaluation.pooled}
    verb = "beat" if own > rule else "do not beat"
    together = f"{pooled[AVERAGE] or 0:.3f} against {pooled[RULE_NAME] or 0:.3f}"
    return (
        f"By AUC, averaged over folds, the networks {verb} the untrained {RULE_NAME}: {own:.3f} against {rule:.3f}"
        f" (all held-out images together: {together})."
    )
