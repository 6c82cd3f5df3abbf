"""A dataset on METASPACE: the principal isotope's image of every annotation."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
from pydantic import SecretStr

from shared.errors import (
    ForbiddenUriError,
    InvalidAnnotationsError,
    NotFoundError,
    TransientError,
    UnsupportedSourceError,
)
from shared.files.closable import Closable
from shared.files.secret_file import read_secret
from shared.ion_image import IonImage
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from worker.access.store_uri import StoreUri, parse_store_uri
from worker.messages.event import Annotation, MetaspaceIonImages
from worker.sources.large_images import prefetch_images
from worker.sources.source import FetchedIonImage, make_annotation
from worker.sources.store_record import StoreRecord
from worker.stores.opening import StoreAccess, open_store
from worker.stores.store import Store

METASPACE_URL = "https://metaspace2020.org"


@dataclass(frozen=True)
class MetaspaceAccess:
    """The METASPACE server, and the API key to use there."""

    url: str = METASPACE_URL
    api_key: SecretStr | None = field(default=None, repr=False)
    api_key_file: Path | None = None
    """Where the key is read from for every event, instead."""

    def read_api_key(self) -> SecretStr | None:
        """The key that is valid now.

        Raises
        ------
        TransientError
            When its file cannot be read now.
        """
        if self.api_key_file is None:
            return self.api_key
        try:
            return SecretStr(read_secret(self.api_key_file))
        except (OSError, ValueError) as error:
            raise TransientError(f"the API key for METASPACE cannot be read: {error}") from error


class MetaspaceDataset(Closable):
    """Queries annotations with METASPACE's client, and fetches and decodes images in a few threads.

    The images are fetched without the client, because it returns neither all 16 bits nor the acquisition mask and does
    not limit what it reads. METASPACE names their URLs; these must be on public addresses or in an allowed network.
    """

    notes: tuple[str, ...] = ()

    def __init__(
        self,
        location: MetaspaceIonImages,
        metaspace: MetaspaceAccess,
        stores: StoreAccess,
        limits: Limits,
        threads: int,
    ) -> None:
        self._location = location
        self._root = parse_store_uri(metaspace.url)
        stores.allowed.require(self._root)
        self._metaspace = metaspace
        self._stores = stores
        self._limits = limits
        self._threads = threads
        self._open_stores: dict[str, Store] = {}
        self._closing = ExitStack()

    def annotations(self) -> list[Annotation]:
        """Every annotation up to the false discovery rate; the annotation id is METASPACE's `ion`."""
        return [
            make_annotation(ion, ion, _positive(record.get("mz"))).model_copy(
                update={"formula": record.get("sumFormula"), "adduct": record.get("adduct")}
            )
            for ion, record in self._records.items()
        ]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield in the order of `annotations`."""
        record = StoreRecord(len(annotations))
        for uri in {uri.authority: uri for one in annotations if (uri := self._find_uri(one))}.values():
            if uri.authority not in self._open_stores:
                store = self._closing.enter_context(open_store(uri, self._stores, self._threads))
                self._open_stores[uri.authority] = store
        return prefetch_images(
            annotations,
            lambda one, check: record.try_image(one.annotation_id, lambda: self._read(one, check)),
            self._threads,
        )

    def close(self) -> None:
        """Close the client and the stores."""
        self._closing.close()

    @cached_property
    def _records(self) -> dict[str, dict[str, Any]]:
        """METASPACE's annotations by `ion`."""
        try:
            from worker.sources.metaspace_client import find_records, open_client  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UnsupportedSourceError(
                f"METASPACE needs {error.name}, which is not installed;"
                " install it with pip install 'offsample[metaspace]'"
            ) from error
        location = self._location
        client = open_client(str(self._root).rstrip("/"), self._metaspace.read_api_key(), self._stores.retry_policy)
        self._closing.callback(client.session.close)
        found = find_records(client, location.dataset_id, location.database, location.fdr, self._limits.event_ions)
        require_at_most(len(found.records), self._limits.event_ions, "number of annotations on METASPACE")
        if not found.records:
            raise NotFoundError(
                f"dataset {location.dataset_id!r} has no annotation on METASPACE from {found.database} up to a false"
                f" discovery rate of {location.fdr:g}; expected another database or a higher rate"
            )
        return {str(record["ion"]): record for record in found.records}

    def _find_record(self, annotation: Annotation) -> dict[str, Any]:
        ion = annotation.annotation_id if annotation.image is None else str(annotation.image)
        found = [self._records[ion]] if ion in self._records else []
        if not found and annotation.formula is not None and annotation.adduct is not None:
            wanted = (annotation.formula, annotation.adduct)
            found = [one for one in self._records.values() if (one.get("sumFormula"), one.get("adduct")) == wanted]
        if len(found) != 1:
            raise InvalidAnnotationsError(
                f"METASPACE has {'no' if not found else 'more than one'} such annotation up to the false discovery"
                " rate; expected its `ion` as annotation_id or image, or its formula and adduct"
            )
        return found[0]

    def _find_uri(self, annotation: Annotation) -> StoreUri | None:
        """The URI of an annotation's image, or None when it has none that may be read; `_read` raises the reason."""
        try:
            return self._locate(self._find_record(annotation))
        except (InvalidAnnotationsError, ForbiddenUriError, NotFoundError):
            return None

    def _locate(self, record: dict[str, Any]) -> StoreUri:
        url = _principal(record).get("url")
        if not isinstance(url, str) or not url:
            raise NotFoundError("METASPACE has no image of the principal isotope")
        uri = parse_store_uri(urljoin(f"{str(self._root).rstrip('/')}/", url))
        if uri.scheme not in ("https", self._root.scheme):
            raise ForbiddenUriError("expected an https URL of the image on METASPACE, got another scheme")
        return uri

    def _read(self, annotation: Annotation, check: Callable[[bytes], None]) -> IonImage:
        record = self._find_record(annotation)
        uri = self._locate(record)
        content = self._open_stores[uri.authority].read(uri, self._limits.image_file_bytes)
        check(content)
        return _scale(decode_png(content, self._limits), _principal(record))


def _principal(record: dict[str, Any]) -> dict[str, Any]:
    """METASPACE's description of the principal isotope's image, which is the first one."""
    images = record.get("isotopeImages") or [{}]
    return dict(images[0] or {})


def _scale(ion_image: IonImage, described: dict[str, Any]) -> IonImage:
    """Turn grey levels back into intensities: METASPACE stores the lowest as 0 and the highest as the top level."""
    low, high = described.get("minIntensity"), described.get("maxIntensity")
    peak = float(ion_image.intensities.max())
    if not (isinstance(low, int | float) and isinstance(high, int | float) and 0 <= low < high < math.inf and peak > 0):
        return ion_image
    scaled = low + ion_image.intensities * np.float32((high - low) / peak)
    return replace(ion_image, intensities=np.where(ion_image.acquisition_mask, scaled, 0).astype(np.float32))


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value < math.inf else None
