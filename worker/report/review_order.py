"""The order in which a person should look at ion images: the most doubtful first, spread over clusters of alike images.

Many doubtful images are often variants of one; labelling the first of each cluster teaches more than labelling a
cluster to its end.
"""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2
from skimage.transform import resize

from worker.messages.results import ResultRow
from worker.report.tile import scale_tile
from worker.report.tile_buffer import TileBuffer

MOST_CLUSTERS: Final = 12
IONS_PER_CLUSTER: Final = 4
"""On average at least; fewer ions make fewer clusters."""

_SIDE_PX = 14


def order_for_review(rows: Sequence[ResultRow], tiles: TileBuffer, threshold: float) -> list[str]:
    """Annotation ids of the classified images, the one to look at first at the beginning."""
    found = [row for row in rows if row.off_sample_probability is not None and row.annotation_id in tiles]
    if not found:
        return []
    doubtful = sorted(found, key=lambda row: abs((row.off_sample_probability or 0.0) - threshold))
    ids = [row.annotation_id for row in doubtful]
    clusters: defaultdict[int, list[str]] = defaultdict(list)
    for annotation_id, cluster in zip(ids, _cluster([_shrink(tiles, one) for one in ids]), strict=True):
        clusters[int(cluster)].append(annotation_id)
    rounds = zip_longest(*clusters.values())
    return [one for one in chain.from_iterable(rounds) if one is not None]


def _shrink(tiles: TileBuffer, annotation_id: str) -> npt.NDArray[np.float32]:
    """The image as a vector of length 1, so that clusters are of patterns, not of brightness."""
    small = resize(scale_tile(tiles.read(annotation_id)), (_SIDE_PX, _SIDE_PX), order=1, anti_aliasing=True).ravel()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-9), dtype=np.float32)


def _cluster(vectors: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.intp]:
    """The number of each vector's cluster."""
    stacked = np.stack(vectors)
    different = len(np.unique(stacked, axis=0))
    count = min(MOST_CLUSTERS, max(1, len(vectors) // IONS_PER_CLUSTER), different)
    if count == 1:
        return np.zeros(len(vectors), dtype=np.intp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an empty cluster, which orders nothing
        _, cluster_of = kmeans2(stacked, count, minit="++", rng=np.random.default_rng(0))
    return np.asarray(cluster_of, dtype=np.intp)
