"""A dataset on METASPACE as an acquisition: its images, with the labels of METASPACE's own network."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import numpy as np

from shared.errors import InvalidInputError, NotFoundError, TransientError, UnsupportedSourceError
from shared.ion_image import IonImage
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from training.acquisitions.acquisition import Acquisition, AcquisitionLabel
from training.acquisitions.ion_labels import LabelSource

PREFIX = "metaspace:"
METASPACE_URL = "https://metaspace2020.org"
_TIMEOUT_SECONDS = 60
_LABELS: Mapping[bool, AcquisitionLabel] = {True: "off", False: "on"}


def read_metaspace(
    dataset_id: str, *, url: str = METASPACE_URL, fdr: float = 0.1, limits: Limits | None = None
) -> Acquisition:
    """A public dataset with the principal isotope's image of every annotation of its first database.

    Needs the extra `metaspace`; connects without logging in.

    Raises
    ------
    NotFoundError
        When there is no such dataset, or it has no annotation.
    TransientError
        When METASPACE does not answer.
    InvalidInputError
        When its images cannot be read.
    """
    limits = limits or Limits()
    try:
        import requests  # noqa: PLC0415 - an extra
        from metaspace.sm_annotation_utils import (  # noqa: PLC0415 - an extra
            DatasetNotFound,
            GraphQLClient,
            SMDataset,
            get_config,
        )
    except ImportError as error:
        raise UnsupportedSourceError(
            f"{PREFIX} needs {error.name}, which is not installed; install it with pip install 'offsample[metaspace]'"
        ) from error
    try:
        client = GraphQLClient(get_config(host=url, config_path=os.devnull))
        dataset = SMDataset(client.getDataset(dataset_id), client)
        database = dataset.database_details[0]
        records = client.getAnnotations({"databaseId": database.id, "fdrLevel": fdr}, {"ids": dataset_id})
        require_at_most(len(records), limits.event_ions, f"number of annotations of {dataset_id}")
        images = [_fetch(client.session, urljoin(url, _image_url(record)), limits) for record in records]
    except DatasetNotFound as error:
        raise NotFoundError(f"expected the id of a public dataset on METASPACE, got {dataset_id!r}") from error
    except requests.RequestException as error:
        raise TransientError(f"expected an answer from METASPACE at {url}, got {type(error).__name__}") from error
    return _gather(dataset_id, records, images)


def _image_url(record: Mapping[str, Any]) -> str:
    images = record.get("isotopeImages") or [{}]
    return str(images[0].get("url") or "")


def _fetch(session: Any, url: str, limits: Limits) -> IonImage:
    """Bypasses the client, which returns neither all 16 bits nor the acquisition mask."""
    answer = session.get(url, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return decode_png(answer.content, limits)


def _gather(dataset_id: str, records: list[dict[str, Any]], images: list[IonImage]) -> Acquisition:
    if not images:
        raise NotFoundError(f"expected at least one annotation of dataset {dataset_id!r} on METASPACE, got none")
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise InvalidInputError(f"expected ion images of one size in {dataset_id}, got {shapes[0]} and {shapes[1]}")
    labels = tuple(None if record.get("offSample") is None else _LABELS[record["offSample"]] for record in records)
    return Acquisition(
        name=dataset_id,
        series=dataset_id,
        images=np.stack([image.intensities for image in images]),
        acquisition_mask=np.logical_or.reduce([image.acquisition_mask for image in images]),
        annotation_ids=tuple(str(record["ion"]) for record in records),
        mz=np.asarray([record["mz"] for record in records], dtype=np.float64),
        labels=labels,
        regions=None,
        off_sample_area="unknown",
        labelled_by=str(LabelSource.METASPACE),
    )
