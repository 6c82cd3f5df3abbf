"""The area network: one network for all ion images of a dataset together, in four parts.

    encoder    an ion image                          -> its features
    context    mean and deviation of the features    -> context channels, sample mask, first guess of the area
    ion_head   features and context                  -> is the ion off-sample, if there is off-sample area?
    area_head  what ion_head found, over all ions    -> is there off-sample area?

Means over ions are sums, so a dataset of any size is streamed twice in bounded memory: once through `encoder`, and once
through `encoder` and `ion_head`. `model_store/area` serves the parts; here they are fitted as one network.
"""

from typing import Any

import keras
from keras import layers, ops

from model_store.area.borders import HALF_PX
from model_store.area.decision import FULL_EVIDENCE
from model_store.area.graphs import MemberParts
from shared.preprocessing import INPUT_SIDE_PX

Tensor = Any
"""A symbolic tensor of Keras."""

FEATURES, CHANNELS, EMBEDDING, SUMMARY = 32, 16, 24, 48
"""Sizes of an ion's features, of the context channels, of an ion's embedding and of the context's summary."""

QUARTER_PX = INPUT_SIDE_PX // 4
ION_OUTPUTS = 2 * EMBEDDING + 7
"""Values of an ion that `area_head` averages. The last one is the ion's weight, and the others are multiplied by it: an
ion image without structure says nothing about the area."""

LEAST_WEIGHT = 1e-3
"""Added to the weight of each ion, so that a dataset of nothing but noise has means too."""

_SIGNAL = 0.02
"""Intensity in [0, 1] above which a pixel counts as signal."""


def build_parts(momentum: float = 0.95) -> MemberParts:
    """Fresh parts; initial weights follow Keras' global seed."""
    return MemberParts(
        _build_encoder(momentum), _build_context(momentum), _build_ion_head(momentum), _build_area_head()
    )


def _convolve(values: Tensor, filters: int, momentum: float, *, side: int = 3, strides: int = 1) -> Tensor:
    """Convolution, batch normalisation, ReLU."""
    values = layers.Conv2D(
        filters, side, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(values)
    return layers.ReLU()(layers.BatchNormalization(momentum=momentum)(values))


def _build_encoder(momentum: float) -> keras.Model:
    pixels = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 3), name="pixels")
    image, borders = pixels[..., :1], pixels[..., 1:]
    both = layers.Concatenate()([image, ops.sqrt(image)])
    packed = _pack(layers.Concatenate()([both, borders]))
    features = _convolve(packed, 16, momentum)
    features = _convolve(features, FEATURES, momentum, strides=2)
    features = _convolve(features, FEATURES, momentum)
    return keras.Model(pixels, [features, layers.AveragePooling2D(2)(both)], name="encoder")


def _pack(values: Tensor) -> Tensor:
    """Blocks of 2 x 2 pixels as channels: (N, 56, 56, C) to (N, 28, 28, 4 C)."""
    channels = values.shape[-1]
    split = ops.reshape(values, (-1, HALF_PX, 2, HALF_PX, 2, channels))
    return ops.reshape(ops.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, HALF_PX, HALF_PX, 4 * channels))


def _deviation(mean: Tensor, square: Tensor) -> Tensor:
    return ops.sqrt(ops.maximum(square - ops.square(mean), 1e-6))


def _count(ions: Tensor) -> Tensor:
    return ops.log(ops.minimum(ions, FULL_EVIDENCE)) / 5


def _build_context(momentum: float) -> keras.Model:
    mean, square = (
        keras.Input((QUARTER_PX, QUARTER_PX, FEATURES), name=name) for name in ("features_mean", "features_square")
    )
    thumbnail, thumbnail_square = (
        keras.Input((HALF_PX, HALF_PX, 2), name=name) for name in ("thumbnail_mean", "thumbnail_square")
    )
    borders = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 2), name="borders")
    ions = keras.Input((1,), name="ions")
    half = layers.AveragePooling2D(2)(borders)
    count = _spread(_count(ions), HALF_PX)
    fine = layers.Concatenate()([thumbnail, _deviation(thumbnail, thumbnail_square), half, count])
    fine = _convolve(_convolve(fine, 16, momentum), 16, momentum)
    middle = layers.Concatenate()([mean, _deviation(mean, square), layers.MaxPooling2D(2)(fine)])
    middle = _convolve(_convolve(middle, 48, momentum, side=1), 48, momentum)
    coarse = _convolve(_convolve(layers.MaxPooling2D(2)(middle), 64, momentum), 64, momentum)
    channels = layers.Concatenate()([layers.UpSampling2D(2)(coarse), middle])
    channels = _convolve(_convolve(channels, 48, momentum, side=1), CHANNELS, momentum)
    mask = layers.Concatenate()([layers.UpSampling2D(2)(channels), fine])
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="sample_mask")(_convolve(mask, 16, momentum))
    pooled = [pool()(values) for values in (coarse, middle) for pool in _POOLS]
    summary = layers.Concatenate()([*pooled, _describe_mask(mask, half), _count(ions), 1 / ions])
    summary = layers.Dense(SUMMARY, activation="relu")(summary)
    guess = layers.Dense(1)(layers.Dropout(0.2)(summary))
    inputs = [mean, square, thumbnail, thumbnail_square, borders, ions]
    return keras.Model(inputs, [channels, mask, summary, guess], name="context")


_POOLS = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)


def _spread(values: Tensor, side: int) -> Tensor:
    """(B, 1) as a constant plane, (B, side, side, 1)."""
    return layers.UpSampling2D(side)(ops.reshape(values, (-1, 1, 1, 1)))


def _describe_mask(mask: Tensor, half: Tensor) -> Tensor:
    """(B, 6): shares of the acquired area that are sample, off-sample at its edge, or in doubt."""
    acquired, depth = half[..., :1], half[..., 1:]
    area = _total(acquired) + 1e-3
    edge = acquired * ops.cast(depth < 0.12, "float32")
    off_sample = (1 - mask) * acquired
    return layers.Concatenate()(
        [
            _total(mask * acquired) / area,
            _total(off_sample * edge) / (_total(edge) + 1e-3),
            _total(mask * (1 - mask) * acquired) / area,
            _total(ops.cast(off_sample > 0.5, "float32")) / area,
            area / HALF_PX**2,
            layers.GlobalMaxPooling2D()(off_sample),
        ]
    )


def _total(plane: Tensor) -> Tensor:
    """Sum over the pixels: (N, h, w, 1) to (N, 1)."""
    return ops.sum(plane, axis=(1, 2))


def _build_ion_head(momentum: float) -> keras.Model:
    features = keras.Input((QUARTER_PX, QUARTER_PX, FEATURES), name="features")
    thumbnail = keras.Input((HALF_PX, HALF_PX, 2), name="thumbnail")
    channels = keras.Input((QUARTER_PX, QUARTER_PX, CHANNELS), name="channels")
    mask = keras.Input((HALF_PX, HALF_PX, 1), name="mask")
    acquired = keras.Input((HALF_PX, HALF_PX, 1), name="acquired")
    guess, ions = keras.Input((1,), name="guess"), keras.Input((1,), name="ions")
    planes = layers.AveragePooling2D(2)(layers.Concatenate()([mask * acquired, (1 - mask) * acquired]))
    seen = _convolve(layers.Concatenate()([features, channels, planes]), 32, momentum, side=1)
    seen = _convolve(layers.MaxPooling2D(2)(seen), 40, momentum)
    seen = _convolve(seen, 48, momentum)
    compared = _compare(thumbnail, mask, acquired)
    found = layers.Concatenate()([*(pool()(seen) for pool in _POOLS), compared, guess / 5, _count(ions), 1 / ions])
    hidden = layers.Dropout(0.2)(layers.Dense(64, activation="relu")(found))
    conditional = layers.Dense(1)(hidden)
    embedding = layers.Dense(EMBEDDING, activation="relu")(found)
    weight = layers.Dense(1, activation="sigmoid")(hidden) + LEAST_WEIGHT
    outputs = _gather_outputs(embedding, conditional, compared[:, :1], weight)
    inputs = [features, thumbnail, channels, mask, acquired, guess, ions]
    return keras.Model(inputs, [conditional, outputs], name="ion_head")


def _compare(thumbnail: Tensor, mask: Tensor, acquired: Tensor) -> Tensor:
    """(N, 7): intensities outside and inside the sample mask compared, at three scales; and how much is outside."""
    inside, outside = mask * acquired, (1 - mask) * acquired
    linear, root = thumbnail[..., :1], thumbnail[..., 1:]
    found = []
    for values in (linear, root, ops.cast(linear > _SIGNAL, "float32")):
        within, without, overall = (
            _total(values * where) / (_total(where) + 1) for where in (inside, outside, acquired)
        )
        floor = 0.01 * overall + 1e-4
        found += [ops.log((without + floor) / (within + floor)), ops.log(overall + 1e-3)]
    return layers.Concatenate()([*found, _total(outside) / (_total(acquired) + 1)])


def _gather_outputs(embedding: Tensor, conditional: Tensor, ratio: Tensor, weight: Tensor) -> Tensor:
    """(N, ION_OUTPUTS): the embedding, its square, how much the ion looks off-sample or on-sample; all weighted."""
    probability, ratio = ops.sigmoid(conditional), ops.clip(ratio, -4, 4) / 2
    share = [probability, ops.sigmoid(20 * (probability - 0.7)), ratio, ops.square(ratio)]
    share += [ops.sigmoid(10 * (ratio - 0.35)), ops.sigmoid(10 * (-0.35 - ratio))]
    found = layers.Concatenate()([embedding, ops.square(embedding), *share])
    return layers.Concatenate()([found * weight, weight])


def _build_area_head() -> keras.Model:
    outputs = keras.Input((ION_OUTPUTS,), name="outputs")
    summary, guess = keras.Input((SUMMARY,), name="summary"), keras.Input((1,), name="guess")
    ions = keras.Input((1,), name="ions")
    weight = ops.maximum(outputs[:, -1:], LEAST_WEIGHT)
    means = outputs[:, :-1] / weight
    mean, square, share = means[:, :EMBEDDING], means[:, EMBEDDING : 2 * EMBEDDING], means[:, 2 * EMBEDDING :]
    found = layers.Concatenate()([mean, _deviation(mean, square), share, summary, _count(ions), weight])
    hidden = layers.Dropout(0.2)(layers.Dense(48, activation="relu")(found))
    area = layers.Dense(1)(hidden) + 0.5 * guess
    return keras.Model([outputs, summary, guess, ions], area, name="area_head")


def build_network(datasets: int, *, momentum: float = 0.95, name: str = "area_member") -> keras.Model:
    """The four parts joined, for fitting: B datasets with N ions in total.

    Inputs: `pixels` (N, 56, 56, 3): ion image, acquired, distance to the border of the acquired area; `dataset` (N,):
    the dataset of each ion; `borders` (B, 56, 56, 2): acquired and distance of each dataset. Outputs in [0, 1]: `off`
    and `conditional` (N, 1), `area` and `guess` (B, 1), `sample_mask` (B, 28, 28, 1).

    Parameters
    ----------
    datasets
        B; those without an ion count for nothing.
    """
    parts = build_parts(momentum)
    pixels = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 3), name="pixels")
    dataset = keras.Input((), dtype="int32", name="dataset")
    borders = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 2), name="borders")

    def average(values: Tensor) -> Tensor:
        share = ops.one_hot(dataset, datasets) / ops.transpose(ions)
        flat = ops.reshape(values, (-1, int(_size(values))))
        return ops.reshape(ops.matmul(ops.transpose(share), flat), (datasets, *values.shape[1:]))

    def repeat(values: Tensor) -> Tensor:
        return ops.take(values, dataset, axis=0)

    ions = ops.reshape(ops.maximum(ops.sum(ops.one_hot(dataset, datasets), axis=0), 1), (datasets, 1))
    features, thumbnail = parts.encoder(pixels)
    moments = [average(values) for values in (features, ops.square(features), thumbnail, ops.square(thumbnail))]
    channels, mask, summary, guess = parts.context([*moments, borders, ions])
    acquired = layers.AveragePooling2D(2)(borders[..., :1])
    shared = [repeat(values) for values in (channels, mask, acquired, guess, ions)]
    conditional, outputs = parts.ion_head([features, thumbnail, *shared])
    area = parts.area_head([average(outputs), summary, guess, ions])
    off = ops.sigmoid(repeat(area)) * ops.sigmoid(conditional)
    return keras.Model(
        {"pixels": pixels, "dataset": dataset, "borders": borders},
        {
            "off": off,
            "conditional": ops.sigmoid(conditional),
            "area": ops.sigmoid(area),
            "guess": ops.sigmoid(guess),
            "sample_mask": mask,
        },
        name=name,
    )


def _size(values: Tensor) -> int:
    size = 1
    for side in values.shape[1:]:
        size *= side
    return size
