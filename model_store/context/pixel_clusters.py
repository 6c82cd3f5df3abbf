"""Clusters of pixels with similar spectra."""

import warnings

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2

from model_store.context.pixel_sketch import PixelComponents

CLUSTERS = 5
"""The N of K-means in the 2018 report (section Exploratory Visualization, figure 12)."""

_STARTS = 4
_ITERATIONS = 30

ClusterOf = npt.NDArray[np.intp]
"""(P,) number of a pixel's cluster, from 0, none of them empty."""


def cluster_pixels(components: PixelComponents, clusters: int = CLUSTERS) -> ClusterOf:
    """K-means on the principal components: the best of four k-means++ starts, with fixed seeds.

    Returns
    -------
    Numbers from 0 without gaps; fewer clusters than asked for where there are fewer different pixels.
    """
    scores = components.scores
    if scores.size == 0:
        return np.zeros(len(scores), dtype=np.intp)
    wanted = min(clusters, len(np.unique(scores, axis=0)))
    best: ClusterOf = np.zeros(len(scores), dtype=np.intp)
    least = np.inf
    for start in range(_STARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an empty cluster: it is left out below
            centres, cluster_of = kmeans2(
                scores, wanted, iter=_ITERATIONS, minit="++", rng=np.random.default_rng(start)
            )
        spread = float(np.square(scores - centres[cluster_of]).sum())
        if spread < least:
            best, least = cluster_of.astype(np.intp), spread
    return np.unique(best, return_inverse=True)[1]
