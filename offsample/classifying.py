"""`offsample.classify`: ion images in, a result out; what `offsample classify` does on the command line."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy.typing as npt

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import open_release
from offsample.dataset import describe_array, describe_local
from offsample.result import Result
from shared.arrays.array_in_memory import make_array
from shared.errors import InvalidInputError
from shared.progress import from_first
from shared.progress_bar import show_progress
from worker.classification.classification import classify as classify_source
from worker.cli.inputs.local import find_dataset
from worker.cli.inputs.spec import KindOptions
from worker.memory_limit import reject_memory_errors
from worker.settings import Settings


def classify(  # noqa: PLR0913 - what a caller may choose, all by name
    ion_images: str | Path | npt.ArrayLike,
    *,
    annotations: str | Path | None = None,
    ppm: float | None = None,
    z: int | None = None,
    most_peaks: int | None = None,
    database: str | None = None,
    fdr: float | None = None,
    acquired: npt.ArrayLike | None = None,
    mz: npt.ArrayLike | None = None,
    annotation_ids: Sequence[str] | None = None,
    dataset_id: str | None = None,
    threshold: float | None = None,
    release: str | None = None,
    engine: str | None = None,
    from_environment: bool = False,
) -> Result:
    """Predict which ion images of a dataset are off-sample.

    Parameters
    ----------
    ion_images
        A path (folder of PNGs, .png, .imzML, .npz, .npy, .zarr, .h5ad), a URI in a store, or `metaspace:` with an id;
        or an array of raw intensities in memory, (N, H, W), or (H, W) for a single image.
    annotations
        Of a path: a list of ions, as for `--annotations`; None = every image, or an imzML's highest peaks.
    ppm, z, most_peaks
        Of an imzML file: half width of the m/z windows, the plane of a 3-D file, how many peaks are picked.
    database, fdr
        Of a METASPACE dataset: molecular database, highest false discovery rate.
    acquired, mz, annotation_ids
        Of an array: (H, W) or (N, H, W), non-zero = measured; (N,) Th; N distinct strings.
    dataset_id
        Its name in the result; None = that of the file, or "array".
    threshold
        Off-sample probability at and above which a label is "off", 0 to 1; None = the release's.
    release
        Version of an installed release; None = the one that ships.
    engine
        "onnx", "tensorflow" or "auto" (the default).
    from_environment
        Whether OFFSAMPLE_ variables are read (docs/settings.md): release, limits, API key. Arguments come first.

    Raises
    ------
    OffSampleError
        When the dataset cannot be read or an argument is wrong. A single bad image is a row with a reason.
    """
    settings = Settings.read() if from_environment else Settings.without_environment()
    if threshold is not None and not 0 <= threshold <= 1:
        raise InvalidInputError(f"expected a threshold from 0 to 1, got {threshold}")
    options = KindOptions(ppm, z, most_peaks, database, fdr)
    if isinstance(ion_images, str | Path):
        _require_none("an array in memory", acquired=acquired, mz=mz, annotation_ids=annotation_ids)
        listed = None if annotations is None else str(annotations)
        dataset = describe_local(find_dataset(str(ion_images), listed, options), settings)
    else:
        _require_none("a path", annotations=annotations, **vars(options))
        array = make_array(ion_images, settings.limits, acquired=acquired, mz=mz, annotation_ids=annotation_ids)
        dataset = describe_array(array, "array")
    opened = open_release(release or settings.release, settings.releases_root)
    predictor = open_predictor(opened, _read_engine(engine) or settings.engine, settings.threads or None)
    with reject_memory_errors(), show_progress(dataset.dataset_id) as on_work, ExitStack() as stack:
        source = stack.enter_context(dataset.open(on_work))
        ions = dataset.list_annotations(source)
        found = classify_source(
            source,
            ions.annotations,
            predictor,
            threshold=threshold,
            one_shape=False,
            loose=dataset.loose,
            on_progress=from_first(on_work),
        )
        notes = (*ions.notes, *source.notes)
    return Result(dataset_id or dataset.dataset_id, dataset, ions.annotations, found, predictor, threshold, notes)


def _require_none(kind: str, **given: object) -> None:
    """Refuse arguments for another kind of input."""
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise InvalidInputError(f"{named[0]} applies to ion images given as {kind} only")


def _read_engine(name: str | None) -> Engine | None:
    try:
        return None if name is None else Engine(name)
    except ValueError as error:
        expected = ", ".join(one.value for one in Engine)
        raise InvalidInputError(f"expected an engine of {expected}, got {name!r}") from error
