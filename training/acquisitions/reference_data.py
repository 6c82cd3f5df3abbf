"""The datasets that releases have their references of."""

from training.acquisitions.series import load_acquisitions
from training.release.reference import NamedDataset, ReferenceData

_SENTENCE = "the real acquisitions of training/data that are more than textures; some of them may have been fitted on"


def load_reference_data() -> ReferenceData:
    """Every acquisition that is more than a texture."""
    return ReferenceData(_SENTENCE, [NamedDataset(one.name, one.ion_images) for one in load_acquisitions()])
