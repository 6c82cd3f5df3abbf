"""Which stores events may name, and which addresses their hosts may have."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.errors import ForbiddenUriError
from worker.access.shown_uri import show_uri
from worker.access.store_uri import StoreUri, parse_store_uri

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ANY_NETWORK: tuple[Network, ...] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that stand for an IPv4 one (RFC 6052)."""


@dataclass(frozen=True)
class AllowedStores:
    """The prefixes below which anything may be fetched, and the networks that their hosts may lie in."""

    prefixes: tuple[StoreUri, ...] = ()
    networks: tuple[Network, ...] = field(default=())
    """Networks that are not public and may be reached all the same."""

    def resolve(self, uri: str) -> StoreUri:
        """The place that a foreign URI names.

        Raises
        ------
        ForbiddenUriError
            When it is no plain URI, or lies below no allowed prefix.
        """
        found = parse_store_uri(uri)
        self.require(found)
        return found

    def require(self, uri: StoreUri) -> None:
        """Refuse what lies below no allowed prefix."""
        if not any(_lies_below(uri, prefix) for prefix in self.prefixes):
            raise ForbiddenUriError(
                f"{show_uri(str(uri))} lies outside what this worker may fetch; expected a URI below one of its"
                " OFFSAMPLE_ALLOWED_STORES"
            )

    def require_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Refuse a host any of whose addresses is neither public nor in an allowed network.

        Addresses are not repeated in the message: it goes to whoever sent the event.
        """
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            if not _is_public(address) and not any(address in network for network in self.networks):
                raise ForbiddenUriError(
                    f"host {host[:200]!r} has a private, loopback, link-local or otherwise not public address; right"
                    " would be a public one, or its network among OFFSAMPLE_ALLOWED_NETWORKS"
                )

    def require_literal_address(self, host: str) -> None:
        """Refuse a host that is itself such an address; names pass."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        self.require_addresses(host, [str(address)])


def _lies_below(uri: StoreUri, prefix: StoreUri) -> bool:
    """Whether scheme and authority are the same and the path is the prefix's, or stands below it."""
    if (uri.scheme, uri.authority) != (prefix.scheme, prefix.authority):
        return False
    folder = prefix.path.rstrip("/")
    return uri.path == folder or uri.path.startswith(f"{folder}/")


def _is_public(address: Address) -> bool:
    """Whether an address, and the IPv4 one that it may stand for, is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return _is_public(embedded)
    return address.is_global and not address.is_multicast and not address.is_reserved
