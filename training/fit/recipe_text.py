"""Text about a run's data and recipe, for model card and manifest."""

from shlex import quote

from shared.counting import count_of
from training.fit.network import KERNELS_PER_CHANNEL, PARAMETERS_2018
from training.fit.recipe import PresetName, Recipe
from training.fit.settings import FitData, FitSettings
from training.synthetic.mixture import SHIPPED
from training.synthetic.synthetic_set import OFF_FROM_RATIO, ON_UP_TO_RATIO

_SYNTHETIC_DATA = (
    "semi-synthetic ion images composed from 63 sample masks of METASPACE datasets and the ion images of 23 public,"
    " unlabelled datasets (training/data/README.md)"
)
_SYNTHETIC_LICENCES = (
    "sample masks: intsco/off-sample, Apache-2.0; textures: MIT, BSD-3-Clause and CC-BY-4.0, listed one by one in"
    " training/data/unlabelled/sources.csv"
)


def describe_training_data(settings: FitSettings) -> str:
    """What the images are, without their count."""
    if settings.data is None:
        return _SYNTHETIC_DATA
    fitted = settings.data.fitted
    datasets = f"some of its {settings.data.datasets} datasets" if fitted is None else count_of(len(fitted), "dataset")
    labelled = f"labelled ion images of {settings.data.name}, {datasets}"
    return f"{labelled}, mixed with {_SYNTHETIC_DATA}" if settings.synthetic_images else labelled


def describe_licences(settings: FitSettings) -> str:
    """Sources and licences of the images."""
    if settings.data is None:
        return _SYNTHETIC_LICENCES
    own = f"those of {settings.data.name}, which are not recorded here"
    return f"{own}; {_SYNTHETIC_LICENCES}" if settings.synthetic_images else own


def describe_data(settings: FitSettings) -> str:
    """The card's paragraph on data."""
    whole = " They were drawn as whole datasets, whose ions give the context." if settings.recipe.uses_context else ""
    start = f"{settings.distinct_images:,} {describe_training_data(settings)}."
    licences = f" Licences: {describe_licences(settings)}."
    if settings.data is not None:
        return f"{start} {_describe_held_out(settings, settings.data)}{licences}"
    return (
        f"{start} 9 of the 63 masks and 2 of the 8 families of textures"
        f" were held out.{whole} An image is off-sample when its noise-free intensity outside the sample is, on average"
        f" over the acquired pixels, at least {OFF_FROM_RATIO} times that inside, on-sample when it is at most"
        f" {ON_UP_TO_RATIO} times, and left out in between; acquisitions of the sample alone are always on-sample."
        " No labelled real image trained, selected or calibrated anything;"
        " the generator was written, and changed, with the development set, metaspace_predicted, in view, and the share"
        " of sample-only acquisitions was raised after false offs in sample_only."
        f"{licences}"
    )


def _describe_held_out(settings: FitSettings, data: FitData) -> str:
    """The held-out datasets."""
    images = f"{settings.validation_images:,} images of"
    if data.fitted is None:
        return f"{images} the others were held out."
    if not data.watched:
        return "No dataset was held out."
    others = count_of(len(data.watched), "other dataset")
    return f"{images} {others} were held out: {', '.join(data.watched)}."


def describe_recipe(settings: FitSettings, threshold: float) -> str:
    """The card's paragraph on networks and optimiser."""
    recipe = settings.recipe
    validated_on = (
        "semi-synthetic images of the held-out masks and textures"
        if settings.data is None
        else "images of the held-out datasets"
    )
    validated = f"Validated on {settings.validation_images:,} {validated_on}, which selected nothing."
    if settings.validation_images == 0:
        validated = "Nothing was held out for validation."
    begun = "" if settings.start is None else f" They started from the networks of release {settings.start.release}."
    *first, last = (channel.replace("_", " ") for channel in recipe.channels)
    channels = f"{', '.join(first)} and {last}" if first else last
    return (
        f"{settings.members} networks of {count_parameters(recipe):,} parameters (the 2018 network), with input"
        f" channels {channels}; softmax outputs averaged, threshold {threshold:g}. {_describe_optimiser(settings)};"
        f" seed {settings.seed}, a different one for each member."
        f"{begun} {validated}"
    )


def count_parameters(recipe: Recipe) -> int:
    """Parameters of one network; each channel after the first adds kernels to the first convolution."""
    return PARAMETERS_2018 + KERNELS_PER_CHANNEL * (len(recipe.channels) - 1)


def _describe_optimiser(settings: FitSettings) -> str:
    recipe = settings.recipe
    names = {"adam": "Adam", "sgd": "SGD"}
    course = "falling to 0 along a cosine" if recipe.schedule == "cosine" else "constant"
    parts = [
        f"{names[recipe.optimiser]}, learning rate {recipe.learning_rate:g} {course}",
        *([f"momentum {recipe.momentum:g}"] if recipe.momentum else []),
        "binary cross-entropy",
        *([f"label smoothing {recipe.label_smoothing:g}"] if recipe.label_smoothing else []),
        f"L2 {recipe.l2:g}, batch {recipe.batch}, {recipe.epochs} epochs of {settings.steps_per_epoch} steps",
        f"augmentation: {', '.join(name.replace('_', ' ') for name in recipe.augmentations)}",
    ]
    return ", ".join(parts)


def write_fit_command(settings: FitSettings) -> str:
    """The command that repeats the run."""
    recipe = settings.recipe
    preset = "" if settings.preset is PresetName.DEFAULT else f" --preset {settings.preset}"
    data = f" --images {settings.images}" if settings.data is None else _name_data(settings.data)
    data += "" if settings.start is None else f" --from {settings.start.release}"
    data += f" --with-synthetic --images {settings.synthetic_images}" if settings.synthetic_images else ""
    data += "" if settings.data is None else "".join(f" --hold-out {quote(name)}" for name in settings.data.watched)
    mixture = "" if settings.mixture == SHIPPED else f" --mixture {settings.mixture}"
    return (
        f"python -m training fit{data}{mixture}{preset} --members {settings.members} --epochs {recipe.epochs}"
        f" --seed {settings.seed} --output RUN_DIR"
    )


def _name_data(data: FitData) -> str:
    """The option for each of its inputs."""
    return "".join(f" --data {quote(name)}" for name in data.name.split(", "))
