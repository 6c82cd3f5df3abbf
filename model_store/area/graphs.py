"""The graphs of an ensemble of area networks: each runs one part of all members, M, together.

Both engines run them: TensorFlow as Keras models, ONNX Runtime as exported by `python -m training`. The parts of a
member are described in `training/area/network.py`; a member's file is one Keras model that holds them by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import keras
from keras import ops

from model_store.area.borders import HALF_PX
from shared.preprocessing import INPUT_SIDE_PX

GraphName = Literal["survey", "context", "judge", "verdict"]
GRAPHS: tuple[GraphName, ...] = get_args(GraphName)

Tensor = Any
"""A symbolic tensor of Keras."""

_PARTS = ("encoder", "context", "ion_head", "area_head")


@dataclass(frozen=True)
class MemberParts:
    """The parts of one member, each a network of its own.

    N ion images of B datasets; F, C, S and O are sizes that `training/area/network.py` sets.

    Attributes
    ----------
    encoder
        pixels (N, 56, 56, 3) -> features (N, 14, 14, F), thumbnails (N, 28, 28, 2).
    context
        means of both and of their squares over the ions, borders (B, 56, 56, 2), ions (B, 1) -> channels
        (B, 14, 14, C), sample mask (B, 28, 28, 1), summary (B, S), first guess (B, 1), a logit.
    ion_head
        features and thumbnails of N ions, and of their datasets channels, sample mask, acquired (N, 28, 28, 1), first
        guess and ions, (N, ...) each -> conditional logit (N, 1), outputs (N, O).
    area_head
        mean outputs (B, O), summary, first guess, ions -> area logit (B, 1).
    """

    encoder: keras.Model
    context: keras.Model
    ion_head: keras.Model
    area_head: keras.Model


def take_parts(member: keras.Model) -> MemberParts:
    """The parts of a member as fitted or as loaded.

    Raises
    ------
    ValueError
        When it has no such parts.
    """
    return MemberParts(*(member.get_layer(name) for name in _PARTS))


def build_graphs(members: Sequence[MemberParts]) -> dict[GraphName, keras.Model]:
    """All four graphs; each takes and gives lists of tensors, in the order stated below.

    The parts are renamed in place, because names must be unique in a graph.
    """
    for number, member in enumerate(members, start=1):
        for name in _PARTS:
            getattr(member, name).name = f"{name}_{number}"
    build: dict[GraphName, Callable[[Sequence[MemberParts]], keras.Model]] = {
        "survey": _build_survey,
        "context": _build_context,
        "judge": _build_judge,
        "verdict": _build_verdict,
    }
    return {name: build[name](members) for name in GRAPHS}


def _build_survey(members: Sequence[MemberParts]) -> keras.Model:
    """Pixels (N, 56, 56, 3), counted (N,) -> sums over the counted images of features, thumbnails and squares."""
    pixels, counted = _pixels(), keras.Input((), name="counted")
    weights = ops.reshape(counted, (-1, 1, 1, 1))
    sums: list[list[Tensor]] = []
    for member in members:
        found = member.encoder(pixels, training=False)
        powers = [one for value in found for one in (value, ops.square(value))]
        sums.append([ops.sum(one * weights, axis=0) for one in powers])
    return keras.Model([pixels, counted], _stack(sums), name="survey")


def _build_context(members: Sequence[MemberParts]) -> keras.Model:
    """Means of what survey sums; borders (1, 56, 56, 2); ions (1, 1) -> channels, mask, summary, guess."""
    one = members[0].context
    means = [keras.Input(batch_shape=(len(members), *given.shape[1:]), name=given.name) for given in one.inputs[:4]]
    borders, ions = keras.Input(batch_shape=(1, INPUT_SIDE_PX, INPUT_SIDE_PX, 2), name="borders"), _ions()
    found = [
        member.context([*own, borders, ions], training=False)
        for member, own in zip(members, _by_member(means, len(members)), strict=True)
    ]
    return keras.Model([*means, borders, ions], _join(found), name="context")


def _build_judge(members: Sequence[MemberParts]) -> keras.Model:
    """pixels, counted; acquired (1, 28, 28, 1), ions, channels, mask, guess -> logits (N, M), sums (M, O)."""
    pixels, counted = _pixels(), keras.Input((), name="counted")
    acquired, ions = keras.Input(batch_shape=(1, HALF_PX, HALF_PX, 1), name="acquired"), _ions()
    shared = [
        keras.Input(batch_shape=(len(members), *made.shape[1:]), name=name)
        for made, name in zip(_context_outputs(members[0]), ("channels", "mask", "guess"), strict=True)
    ]
    first = ops.cast(counted * 0, "int32")
    logits, sums = [], []
    for member, own in zip(members, _by_member(shared, len(members)), strict=True):
        features, thumbnail = member.encoder(pixels, training=False)
        channels, mask, guess = (ops.take(one, first, axis=0) for one in own)
        repeated = [channels, mask, ops.take(acquired, first, axis=0), guess, ops.take(ions, first, axis=0)]
        conditional, outputs = member.ion_head([features, thumbnail, *repeated], training=False)
        logits.append(conditional)
        sums.append([ops.sum(outputs * ops.reshape(counted, (-1, 1)), axis=0)])
    return keras.Model(
        [pixels, counted, acquired, ions, *shared], [ops.concatenate(logits, axis=1), *_stack(sums)], name="judge"
    )


def _build_verdict(members: Sequence[MemberParts]) -> keras.Model:
    """Mean outputs (M, O), summary, guess, ions -> area logits (M, 1)."""
    given = members[0].area_head.inputs[:3]
    inputs = [keras.Input(batch_shape=(len(members), *one.shape[1:]), name=one.name) for one in given]
    ions = _ions()
    found = [
        [member.area_head([*own, ions], training=False)]
        for member, own in zip(members, _by_member(inputs, len(members)), strict=True)
    ]
    return keras.Model([*inputs, ions], _join(found), name="verdict")


def _context_outputs(member: MemberParts) -> list[Tensor]:
    channels, mask, _, guess = member.context.outputs
    return [channels, mask, guess]


def _pixels() -> Tensor:
    return keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 3), name="pixels")


def _ions() -> Tensor:
    return keras.Input(batch_shape=(1, 1), name="ions")


def _by_member(stacked: Sequence[Tensor], members: int) -> list[tuple[Tensor, ...]]:
    """From values stacked over the members, (M, ...), to the values of each, (1, ...)."""
    return list(zip(*(ops.split(one, members, axis=0) for one in stacked), strict=True))


def _stack(rows: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """From values by member to one stacked tensor for each value."""
    return [ops.stack(list(column), axis=0) for column in zip(*rows, strict=True)]


def _join(rows: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    return [ops.concatenate(list(column), axis=0) for column in zip(*rows, strict=True)]
