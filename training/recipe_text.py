"""The recipe of a run in words, for model card and manifest."""

from training.fit_settings import FitSettings
from training.preset import MOMENTUM_2018, PresetName
from training.synthetic.dataset import OFF_FROM_RATIO, ON_UP_TO_RATIO

_SYNTHETIC_DATA = (
    "semi-synthetic ion images composed from 63 sample masks of METASPACE datasets and the ion images of 23 public,"
    " unlabelled datasets (training/data/README.md)"
)
_SYNTHETIC_LICENCES = (
    "sample masks: intsco/off-sample, Apache-2.0; textures: MIT, BSD-3-Clause and CC-BY-4.0, listed one by one in"
    " training/data/unlabelled/sources.csv"
)


def describe_training_data(settings: FitSettings) -> str:
    """What the images are, without their number."""
    if settings.data is None:
        return _SYNTHETIC_DATA
    return f"labelled ion images of {settings.data.name}, {settings.data.datasets} datasets"


def describe_licences(settings: FitSettings) -> str:
    """Where the images come from and under which licences."""
    if settings.data is None:
        return _SYNTHETIC_LICENCES
    return f"those of {settings.data.name}, which whoever fitted this knows"


def describe_data(settings: FitSettings) -> str:
    """The card's paragraph on data."""
    start = f"{settings.images:,} {describe_training_data(settings)}."
    licences = f" Licences: {describe_licences(settings)}."
    if settings.data is not None:
        return f"{start} {settings.validation_images:,} images of other datasets of it were held out.{licences}"
    return (
        f"{start} About a fifth of the masks and a quarter of the families of textures"
        " were held out. An image is off-sample when its noise-free intensity outside the sample is, on average over"
        f" the acquired pixels, at least {OFF_FROM_RATIO} times that inside, on-sample when it is at most"
        f" {ON_UP_TO_RATIO} times, and left out in between; acquisitions of the sample alone are always on-sample."
        " No labelled real image trained, selected or calibrated anything;"
        " the generator was written, and changed, with the development set, metaspace_predicted, in view."
        f"{licences}"
    )


def describe_recipe(settings: FitSettings, threshold: float) -> str:
    """The card's paragraph on networks and optimiser."""
    watched = (
        "semi-synthetic images of the held-out masks and textures"
        if settings.data is None
        else "images of the held-out datasets"
    )
    return (
        f"{settings.members} networks of 378,226 parameters (the 2018 network), softmax outputs averaged, threshold"
        f" {threshold}. {_describe_optimiser(settings)}; seed {settings.seed}, a different one for each member."
        f" Watched, not selected, on {settings.validation_images:,} {watched}."
    )


def _describe_optimiser(settings: FitSettings) -> str:
    rest = f"L2 {settings.l2:g}, batch {settings.batch}, {settings.epochs} epochs"
    if settings.preset is PresetName.REPORT_2018:
        return (
            f"SGD, learning rate {settings.learning_rate:g}, momentum {MOMENTUM_2018}, binary cross-entropy, {rest} of"
            f" {settings.steps_per_epoch} steps, random flips"
        )
    return (
        f"Adam, learning rate {settings.learning_rate:g} falling to 0 along a cosine, binary cross-entropy, {rest},"
        " random flips, transposition and gamma"
    )


def write_fit_command(settings: FitSettings) -> str:
    """The command that repeats the run."""
    preset = "" if settings.preset is PresetName.DEFAULT else f" --preset {settings.preset}"
    data = f" --images {settings.images}" if settings.data is None else f" --data {settings.data.name}"
    return (
        f"python -m training fit{data}{preset} --members {settings.members} --epochs {settings.epochs}"
        f" --seed {settings.seed} --output RUN_DIR"
    )
