"""Context releases and blends that several tests share, and what they are asked."""

from pathlib import Path

from source_making import open_any

from model_store.context.blend import TERMS, Blend, Term
from model_store.context.dataset_context import add_context, find_context
from model_store.predictors.predictor import Predictor
from shared.arrays.array import open_array
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.preprocessing import NetworkInputs, preprocess
from training.data_root import DATA_ROOT
from worker.classification.classification import Classification, classify

BLADDER = DATA_ROOT / "mouse_bladder" / "ion_images.npz"


def see_bladder(*, context: bool) -> NetworkInputs:
    inputs = preprocess([make_ion_image(pixels, mask) for pixels, mask in open_array(BLADDER, Limits()).rows()])
    return add_context(inputs, find_context(inputs) if context else None)


def classify_all(path: Path, predictor: Predictor, *, one_shape: bool = True, loose: bool = False) -> Classification:
    source = open_any(path)
    return classify(source, source.annotations(), predictor, one_shape=one_shape, loose=loose)


def probabilities(found: Classification) -> list[float]:
    return [row.off_sample_probability for row in found.rows if row.off_sample_probability is not None]


def make_blend(band: tuple[float, float] | None = (0.1, 0.9), **weights: float) -> Blend:
    """A blend of the named terms alone, neither centred nor scaled."""
    return Blend(
        terms=tuple(Term(name=name, mean=0.0, scale=1.0, weight=weights.get(name, 0.0)) for name in TERMS),
        intercept=0.0,
        uncertain_band=band,
        fitted_on="9 images",
    )
