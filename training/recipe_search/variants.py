"""Variants: the default recipe with one change each, and the recipe of 2018."""

from training.fit.recipe import RECIPES, PresetName, Recipe

_DEFAULT = RECIPES[PresetName.DEFAULT]
BASE = "default"


def _change(**changes: object) -> Recipe:
    return Recipe.model_validate(_DEFAULT.model_dump() | changes)


def _without(name: str) -> Recipe:
    return _change(augmentations=tuple(one for one in _DEFAULT.augmentations if one != name))


def _with(name: str) -> Recipe:
    return _change(augmentations=(*_DEFAULT.augmentations, name))


VARIANTS: dict[str, Recipe] = {
    BASE: _DEFAULT,
    "normalisation momentum 0.99": _change(normalisation_momentum=0.99),
    "ion image alone": _change(channels=("ion_image",)),
    "learning rate 0.003": _change(learning_rate=3e-3),
    "label smoothing 0.1": _change(label_smoothing=0.1),
    "noise": _with("noise"),
    "crops": _with("crops"),
    "L2 0.001": _change(l2=1e-3),
    "constant learning rate": _change(schedule="constant"),
    "He initialisation": _change(initialiser="he_normal"),
    "hot spots": _with("hot_spots"),
    "no gamma": _without("gamma"),
    "no transposition": _without("transposition"),
    "no L2": _change(l2=0),
    "balanced groups": _change(balanced_groups=True),
    "mask never lost": _without("lost_mask"),
    "report-2018": RECIPES[PresetName.REPORT_2018],
}
"""Recipes by the name of their variant."""
