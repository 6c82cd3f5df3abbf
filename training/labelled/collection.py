"""Collection: from a reader's entries to a labelled set without duplicates and contradictions."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from shared.errors import InvalidInputError
from shared.ion_image import IonImage
from shared.preprocessing import NetworkInputs, describe_missing_signal, preprocess
from training.labelled.labelled_image import Entry, Label, LabelledImage, LeftOut, Reason
from training.labelled.labelled_set import LabelledSet

Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class _Kept:
    """One image as a network input, with what identifies it."""

    dataset: str
    annotation_id: str
    label: Label
    content: str
    network_input: NetworkInputs

    @property
    def ion(self) -> Key:
        return self.dataset, self.annotation_id

    @property
    def picture(self) -> Key:
        return self.dataset, self.content


def collect(name: str, entries: Iterable[Entry]) -> LabelledSet:
    """Preprocess images one by one; leave out those without signal, duplicates and contradictions.

    Two images of one dataset repeat each other when they are of the same ion or pixel by pixel equal: with the same
    label the first is kept, with different labels none.

    Raises
    ------
    InvalidInputError
        When no image is left.
    """
    kept: list[_Kept] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        found = _examine(entry) if isinstance(entry, LabelledImage) else entry
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            kept.append(found)
    kept = _without_conflicts(kept, left_out)
    kept = _without_duplicates(kept, left_out)
    if not kept:
        raise InvalidInputError(
            f"expected usable labelled images in {name}, got none ({len(left_out)} left out{_first(left_out)})"
        )
    return LabelledSet(
        name,
        "labels",
        np.concatenate([image.network_input for image in kept]),
        np.asarray([image.label == "off" for image in kept], dtype=np.bool_),
        tuple(image.dataset for image in kept),
        tuple(image.annotation_id for image in kept),
        left_out=tuple(left_out),
    )


def _examine(image: LabelledImage) -> _Kept | LeftOut:
    missing = describe_missing_signal(image.ion_image)
    if missing is not None:
        return LeftOut(image.dataset, image.annotation_id, Reason.NO_SIGNAL, missing)
    content, network_input = _digest(image.ion_image), preprocess([image.ion_image])
    return _Kept(image.dataset, image.annotation_id, image.label, content, network_input)


def _digest(ion_image: IonImage) -> str:
    """Hash of pixels and shape, to find the same picture saved twice."""
    seen = hashlib.sha256(repr(ion_image.shape).encode())
    seen.update(np.ascontiguousarray(ion_image.intensities).data)
    seen.update(np.packbits(ion_image.acquisition_mask).tobytes())
    return seen.hexdigest()


def _without_conflicts(images: list[_Kept], left_out: list[LeftOut]) -> list[_Kept]:
    labels: defaultdict[Key, set[Label]] = defaultdict(set)
    for image in images:
        labels[image.ion].add(image.label)
        labels[image.picture].add(image.label)
    kept = []
    for image in images:
        if len(labels[image.ion]) > 1:
            detail = f"the same ion is labelled both on and off (here {image.label})"
        elif len(labels[image.picture]) > 1:
            detail = f"the same picture is labelled both on and off (here {image.label})"
        else:
            kept.append(image)
            continue
        left_out.append(LeftOut(image.dataset, image.annotation_id, Reason.CONFLICTING, detail))
    return kept


def _without_duplicates(images: list[_Kept], left_out: list[LeftOut]) -> list[_Kept]:
    first: dict[Key, str] = {}
    kept = []
    for image in images:
        earlier = first.get(image.picture) or first.get(image.ion)
        if earlier is None:
            kept.append(image)
            first[image.picture] = first[image.ion] = image.annotation_id
        else:
            detail = f"repeats {earlier!r} of the same dataset"
            left_out.append(LeftOut(image.dataset, image.annotation_id, Reason.DUPLICATE, detail))
    return kept


def _first(left_out: list[LeftOut]) -> str:
    return f"; the first: {left_out[0].annotation_id!r}, {left_out[0].detail}" if left_out else ""
