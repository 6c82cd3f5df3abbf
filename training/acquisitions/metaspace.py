"""A dataset on METASPACE as an acquisition: images, and what METASPACE's own network calls off-sample."""

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

    Needs the extra `metaspace`, and asks as somebody who is not logged in.

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
        raise UnsupportedSourceError(f"{PREFIX} needs {error.name}; expected offsample[metaspace] installed") from error
    try:
        client = GraphQLClient(get_config(host=url, config_path=os.devnull))
        dataset = SMDataset(client.getDataset(dataset_id), client)
        database = dataset.database_details[0]
        records = client.getAnnotations({"databaseId": database.id, "fdrLevel": fdr}, {"ids": dataset_id})
        require_at_most(len(records), limits.event_ions, f"number of annotations of {dataset_id}")
        images = [_fetch(client.session, urljoin(url, _image_url(record)), limits) for record in records]
    except DatasetNotFound as error:
        raise NotFoundError(f"METASPACE has no public dataset {dataset_id!r}; expected its id") from error
    except requests.RequestException as error:
        raise TransientError(f"{url} does not answer ({type(error).__name__}); expected METASPACE") from error
    return _gather(dataset_id, records, images)


def _image_url(record: Mapping[str, Any]) -> str:
    images = record.get("isotopeImages") or [{}]
    return str(images[0].get("url") or "")


def _fetch(session: Any, url: str, limits: Limits) -> IonImage:
    """Without the client, which gives neither all 16 bits nor the acquisition mask."""
    answer = session.get(url, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return decode_png(answer.content, limits)


def _gather(dataset_id: str, records: list[dict[str, Any]], images: list[IonImage]) -> Acquisition:
    if not images:
        raise NotFoundError(f"dataset {dataset_id!r} has no annotation on METASPACE; expected one at least")
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise InvalidInputError(f"the ion images of {dataset_id} have sizes {shapes[0]} and {shapes[1]}; expected one")
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
