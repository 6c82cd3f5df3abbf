"""Before and after a retraining: the release that it starts from, and the retrained networks, on held-out datasets."""

import numpy as np

from model_store.predictors.predictor import average_members
from training.cross_validation.evaluation import THRESHOLD
from training.cross_validation.folded_set import FoldedSet
from training.cross_validation.member_outputs import predict_outputs
from training.fit.recipe import LABEL_ORDER
from training.fit.start import Start
from training.metrics.paired_comparison import PairedComparison, compare_paired
from training.metrics.scores import Scores


def compare_with_start(folded: FoldedSet, start: Start, after: Scores) -> PairedComparison:
    """Compare the networks at the start with those retrained without the image's fold.

    Intervals are over the groups that folds hold out, so families stay together where they do.

    Parameters
    ----------
    after
        (N,) off-sample probabilities, averaged over repeats.
    """
    labelled_set = folded.labelled_set
    outputs = predict_outputs(list(start.paths), labelled_set.inputs)
    before = average_members(outputs, LABEL_ORDER.index("off")).off_sample_probability
    correct = [np.asarray((scores >= THRESHOLD) == labelled_set.off) for scores in (before, after)]
    groups = [key for (key,) in folded.group_keys]
    return compare_paired((start.record.release, correct[0]), ("retrained", correct[1]), groups)
