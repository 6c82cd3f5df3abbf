"""The stores that events may name, and the network addresses that their hosts may have."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.errors import ForbiddenUriError
from worker.access.store_uri import StoreUri, parse_store_uri, show_uri

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ANY_NETWORK: tuple[Network, ...] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that embed an IPv4 address (RFC 6052)."""


@dataclass(frozen=True)
class AllowedStores:
    """The prefixes below which anything may be fetched, and the networks in which their hosts may be."""

    prefixes: tuple[StoreUri, ...] = ()
    networks: tuple[Network, ...] = field(default=())
    """Networks that are not public but may be reached."""

    def resolve(self, uri: str) -> StoreUri:
        """Parse an untrusted URI and require it to be allowed.

        Raises
        ------
        ForbiddenUriError
            When it is not a valid store URI, or not below an allowed prefix.
        """
        found = parse_store_uri(uri)
        self.require(found)
        return found

    def require(self, uri: StoreUri) -> None:
        """Reject a URI that is not below an allowed prefix."""
        if not any(_is_below(uri, prefix) for prefix in self.prefixes):
            raise ForbiddenUriError(
                f"{show_uri(str(uri))} is not in a store that this worker may read; expected a URI below one of its"
                " OFFSAMPLE_ALLOWED_STORES"
            )

    def require_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Reject a host with an address that is neither public nor in an allowed network.

        The message does not contain the address, because the sender of the event can read it.
        """
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            if not _is_public(address) and not any(address in network for network in self.networks):
                raise ForbiddenUriError(
                    f"host {host[:200]!r} has an address that is not public (private, loopback or link-local, for"
                    " example); expected a public one, or its network in OFFSAMPLE_ALLOWED_NETWORKS"
                )

    def require_literal_address(self, host: str) -> None:
        """Reject a host that is such an address itself; host names are accepted."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        self.require_addresses(host, [str(address)])


def _is_below(uri: StoreUri, prefix: StoreUri) -> bool:
    """Whether scheme and authority are equal and the path is the prefix's or below it."""
    if (uri.scheme, uri.authority) != (prefix.scheme, prefix.authority):
        return False
    folder = prefix.path.rstrip("/")
    return uri.path == folder or uri.path.startswith(f"{folder}/")


def _is_public(address: Address) -> bool:
    """Whether an address, or the IPv4 address that it embeds, belongs to the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return _is_public(embedded)
    return address.is_global and not address.is_multicast and not address.is_reserved
