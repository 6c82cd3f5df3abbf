"""Member outputs of one repeat for the images that its fold holds out, stored on disk."""

from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
import numpy.typing as npt

from model_store.predictors.predictor import average_members
from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from shared.preprocessing import NetworkInputs
from training.fit.recipe import LABEL_ORDER

_BATCH_IMAGES = 256

Rows = npt.NDArray[np.intp]


def predict_outputs(member_paths: list[Path], inputs: NetworkInputs) -> npt.NDArray[np.float32]:
    """Softmax outputs, (N, members, 2), in the order of `LABEL_ORDER`."""
    outputs = []
    for path in member_paths:
        member = keras.saving.load_model(path, compile=False)
        used = inputs[..., : member.input_shape[-1]]
        starts = range(0, len(inputs), _BATCH_IMAGES)
        batches = [member(used[start : start + _BATCH_IMAGES], training=False) for start in starts]
        outputs.append(np.concatenate([keras.ops.convert_to_numpy(batch) for batch in batches]))
    return np.stack(outputs, axis=1)


def save_outputs(path: Path, rows: Rows, outputs: npt.NDArray[np.float32]) -> None:
    """Write outputs with their rows and label order, atomically."""
    with write_whole(path) as partial:
        np.savez(partial, rows=rows, outputs=outputs, label_order=np.array(LABEL_ORDER))


def read_outputs(path: Path, rows: Rows) -> npt.NDArray[np.float32]:
    """The members' off-sample probabilities, (members, N).

    Raises
    ------
    InvalidInputError
        When the file is broken, has other rows, or has another label order.
    """
    return _read(path, rows)[:, :, LABEL_ORDER.index("off")].T


def read_probabilities(path: Path, rows: Rows) -> npt.NDArray[np.float64]:
    """Off-sample probability, (N,), averaged over members by the code of the service; raises as `read_outputs`."""
    return average_members(_read(path, rows), LABEL_ORDER.index("off")).off_sample_probability.astype(np.float64)


def _read(path: Path, rows: Rows) -> npt.NDArray[np.float32]:
    """(N, members, 2)."""
    try:
        with np.load(path) as arrays:
            stored_rows, outputs, label_order = arrays["rows"], arrays["outputs"], arrays["label_order"]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InvalidInputError(f"{path} cannot be read ({error}); delete it and run the command again") from error
    if tuple(label_order) != LABEL_ORDER:
        raise InvalidInputError(f"expected {path} to have the label order {list(LABEL_ORDER)}, got {list(label_order)}")
    if not np.array_equal(stored_rows, rows) or outputs.shape[0] != len(rows):
        raise InvalidInputError(f"{path} has outputs of other images; delete it and run the command again")
    return np.asarray(outputs, dtype=np.float32)
