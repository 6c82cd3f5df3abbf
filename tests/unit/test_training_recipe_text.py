"""Card and manifest describe what a run was fitted on, and how."""

from training.fit.recipe import PresetName
from training.fit.recipe_text import (
    describe_data,
    describe_licences,
    describe_recipe,
    describe_training_data,
    write_fit_command,
)
from training.fit.settings import FitData, FitSettings, make_settings
from training.fit.start import StartRecord

LABELLED = make_settings(
    PresetName.REPORT_2018,
    data=FitData(
        name="my_labels",
        digest="0" * 64,
        datasets=12,
        fitted=tuple(f"dataset {number}" for number in range(1, 12)),
        watched=("dataset 12",),
    ),
    images=400,
    validation_images=40,
)


def test_text_about_a_run_on_labels_does_not_mention_semi_synthetic_images() -> None:
    text = " ".join(
        (
            describe_data(LABELLED),
            describe_recipe(LABELLED, 0.5),
            describe_training_data(LABELLED),
            describe_licences(LABELLED),
        )
    )
    assert "my_labels" in text
    assert "synthetic" not in text
    assert "No labelled real image" not in text


def test_what_was_held_out_is_not_counted_as_fitted_on() -> None:
    text = describe_data(LABELLED)
    assert "400 labelled ion images of my_labels, 11 datasets." in text
    assert "40 images of 1 other dataset were held out: dataset 12." in text


def test_text_about_an_older_run_does_not_count_its_fitted_datasets() -> None:
    data = FitData(name="my_labels", digest="0" * 64, datasets=12)
    assert "some of its 12 datasets" in describe_training_data(LABELLED.model_copy(update={"data": data}))


def test_text_about_a_semi_synthetic_run_states_that_no_labels_were_used() -> None:
    assert "No labelled real image trained" in describe_data(FitSettings())


def test_the_recipe_names_the_optimiser_of_its_preset() -> None:
    report = describe_recipe(LABELLED, 0.5)
    assert "378,226 parameters" in report
    assert "SGD, learning rate 0.01 constant, momentum 0.9" in report
    assert "L2 0.05, batch 32, 3 epochs of 24 steps, augmentation: flips;" in report
    default = describe_recipe(FitSettings(), 0.5)
    assert "378,370 parameters" in default
    assert "ion image and acquisition mask" in default
    assert f"Adam, learning rate {FitSettings().recipe.learning_rate:g} falling to 0 along a cosine" in default


def test_the_command_repeats_the_run() -> None:
    assert write_fit_command(FitSettings()) == (
        f"python -m training fit --images {FitSettings().images} --members 5 --epochs {FitSettings().recipe.epochs}"
        " --seed 1 --output RUN_DIR"
    )
    assert write_fit_command(LABELLED) == (
        "python -m training fit --data my_labels --hold-out 'dataset 12' --preset report-2018 --members 5 --epochs 3"
        " --seed 1 --output RUN_DIR"
    )


def test_the_command_names_the_mixture_unless_it_is_that_of_the_shipped_releases() -> None:
    shipped, current = (make_settings(PresetName.DEFAULT, mixture=name) for name in (None, "training-2"))
    assert "--mixture" not in write_fit_command(shipped)
    assert "--mixture training-2" in write_fit_command(current)


def test_text_about_a_retraining_names_its_start_and_what_was_mixed_in() -> None:
    data = FitData(name="mine, more", digest="0" * 64, datasets=2, fitted=("a", "b"), images=10)
    start = StartRecord(release="2026.11.3", sha256=("0" * 64,))
    settings = make_settings(
        PresetName.DEFAULT, data=data, images=1_100, synthetic_images=1_000, start=start, validation_images=0
    )
    assert "1,010 labelled ion images of mine, more, 2 datasets, mixed with semi-synthetic" in describe_data(settings)
    assert "No dataset was held out" in describe_data(settings)
    assert "started from the networks of release 2026.11.3. Nothing was held out" in describe_recipe(settings, 0.5)
    assert "fit --data mine --data more --from 2026.11.3 --with-synthetic --images 1000 --members" in write_fit_command(
        settings
    )
