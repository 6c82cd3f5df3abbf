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

GraphName = Literal["encode", "context", "judge", "verdict"]
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
    """All four graphs; each takes and gives tensors in the order stated below, members joined on the last axis.

    The parts are renamed in place, because names must be unique in a graph.
    """
    for number, member in enumerate(members, start=1):
        for name in _PARTS:
            getattr(member, name).name = f"{name}_{number}"
    build: dict[GraphName, Callable[[Sequence[MemberParts]], keras.Model]] = {
        "encode": _build_encode,
        "context": _build_context,
        "judge": _build_judge,
        "verdict": _build_verdict,
    }
    return {name: build[name](members) for name in GRAPHS}


def _build_encode(members: Sequence[MemberParts]) -> keras.Model:
    """Pixels (N, 56, 56, 3) -> features (N, 14, 14, M F), thumbnails (N, 28, 28, 2), which all members share."""
    pixels = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 3), name="pixels")
    found = [member.encoder(pixels, training=False) for member in members]
    return keras.Model(pixels, [_join([features for features, _ in found]), found[0][1]], name="encode")


def _build_context(members: Sequence[MemberParts]) -> keras.Model:
    """Means of features, of their squares, and both of thumbnails; borders, ions -> channels, mask, summary, guess.

    Of one dataset: the first axis of every value is 1.
    """
    one = members[0].context
    features = [_input(given, members) for given in one.inputs[:2]]
    shared = [_input(given) for given in one.inputs[2:]]
    found = [
        member.context([*own, *shared], training=False)
        for member, own in zip(members, _by_member(features, len(members)), strict=True)
    ]
    return keras.Model([*features, *shared], [_join(column) for column in zip(*found, strict=True)], name="context")


def _build_judge(members: Sequence[MemberParts]) -> keras.Model:
    """Features, thumbnails; acquired (1, 28, 28, 1), ions, channels, mask, guess -> logits (N, M), outputs (N, M O)."""
    width = len(members) * int(members[0].encoder.output_shape[0][-1])
    features = keras.Input((*members[0].encoder.output_shape[0][1:3], width), name="features")
    thumbnails = keras.Input(members[0].encoder.output_shape[1][1:], name="thumbnails")
    acquired = keras.Input(batch_shape=(1, HALF_PX, HALF_PX, 1), name="acquired")
    ions = keras.Input(batch_shape=(1, 1), name="ions")
    channels, mask, _, guess = members[0].context.outputs
    shared = [_input(one, members, name) for one, name in ((channels, "channels"), (mask, "mask"), (guess, "guess"))]
    plane = ops.zeros_like(thumbnails[:, :1, :1, :1])
    flat = plane[:, 0, 0]
    logits, outputs = [], []
    for member, (own, channels, mask, guess) in zip(
        members, _by_member([features, *shared], len(members)), strict=True
    ):
        repeated = [plane + channels, plane + mask, plane + acquired, flat + guess, flat + ions]
        conditional, found = member.ion_head([own, thumbnails, *repeated], training=False)
        logits.append(conditional)
        outputs.append(found)
    return keras.Model([features, thumbnails, acquired, ions, *shared], [_join(logits), _join(outputs)], name="judge")


def _build_verdict(members: Sequence[MemberParts]) -> keras.Model:
    """Mean outputs (1, M O), summary, guess, ions -> area logits (1, M)."""
    *given, count = members[0].area_head.inputs
    inputs, ions = [_input(one, members) for one in given], _input(count)
    found = [
        member.area_head([*own, ions], training=False)
        for member, own in zip(members, _by_member(inputs, len(members)), strict=True)
    ]
    return keras.Model([*inputs, ions], _join(found), name="verdict")


def _input(like: Tensor, members: Sequence[MemberParts] = (), name: str | None = None) -> Tensor:
    """An input for one dataset, for all members where they are given, otherwise for one."""
    *sides, width = like.shape[1:]
    return keras.Input(batch_shape=(1, *sides, width * max(len(members), 1)), name=name or like.name)


def _by_member(joined: Sequence[Tensor], members: int) -> list[tuple[Tensor, ...]]:
    """From values whose last axis holds all members, one after the other, to the values of each."""
    return list(zip(*(ops.split(one, members, axis=-1) for one in joined), strict=True))


def _join(values: Sequence[Tensor]) -> Tensor:
    return ops.concatenate(list(values), axis=-1)
