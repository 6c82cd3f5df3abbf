"""Fetch ion images from a store that a test allows."""

import ipaddress
from dataclasses import replace

from conftest import make_random_ion_image

from shared.ion_image import IonImage
from shared.limits import Limits
from shared.png.image import encode_png
from worker.access.allowed_roots import AllowedRoots
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import parse_store_uri
from worker.messages.event import Annotation, PngIonImages
from worker.sources.opening import SourceAccess, open_source
from worker.stores.opening import StoreAccess
from worker.stores.store import RetryPolicy

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


PNG = encode_png(make_random_ion_image(0))


RETRY_POLICY = RetryPolicy(attempts=2)


def access(*prefixes: str, networks: tuple[ipaddress.IPv4Network, ...] = LOOPBACK, **limits: int) -> SourceAccess:
    allowed = AllowedStores(tuple(map(parse_store_uri, prefixes)), networks)
    return SourceAccess(AllowedRoots(()), replace(Limits(), **limits), stores=StoreAccess(allowed, RETRY_POLICY))


def fetch(uri: str, granted: SourceAccess, *ids: str, **fields: str) -> dict[str, IonImage | str]:
    source = open_source(PngIonImages(kind="png", uri=uri), granted)
    annotations = [Annotation(annotation_id=one, **fields) for one in ids] or list(source.annotations())
    found = {one.annotation_id: one.ion_image or one.reason or "" for one in source.fetch(annotations)}
    assert list(found) == [one.annotation_id for one in annotations]
    return found


def reason(found: IonImage | str) -> str:
    assert isinstance(found, str)
    assert found
    return found
