"""Which addresses are public, and connections to those alone.

Floor 3, download. What is checked is the address that is connected to, not the name: of a name, another answer may
come each time.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = IPv6Network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A host has no public address.

    Attributes:
        host: a name, or an address.
        address: one of those it has.
    """

    host: str
    address: str

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is at {address}")
        self.host, self.address = host, address


def is_public(address: str) -> bool:
    """Whether anybody's network leads to the same host there.

    Not public are loopback, link-local, private, shared (100.64.0.0/10), unique local, multicast, reserved and
    unspecified addresses, and those of IPv6 that stand for such a one of IPv4.

    >>> [is_public(one) for one in ("1.1.1.1", "10.0.0.1", "::ffff:127.0.0.1", "2606:4700::1111")]
    [True, False, False, True]
    """
    one = ip_address(address)
    if isinstance(one, IPv6Address):
        one = _meant(one)
    site = isinstance(one, IPv6Address) and one.is_site_local
    return one.is_global and not (one.is_multicast or one.is_reserved or site)


def _meant(address: IPv6Address) -> IPv4Address | IPv6Address:
    """Give the address of IPv4 that one of IPv6 stands for: mapped, over 6to4 or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class PublicResolver(AbstractResolver):
    """Looks names up, and gives their public addresses alone; an address is not looked up.

    Raises:
        RuntimeError: there is no event loop.
    """

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up.

        Raises:
            PrivateAddressError: it has addresses, and none of them is public.
            OSError: it is not known.
        """
        found = await self._system.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if found and not public:
            raise PrivateAddressError(host, found[0]["host"])
        return public

    async def close(self) -> None:
        """Hold nothing."""


def public_socket(there: tuple[Any, ...]) -> socket.socket:
    """Make a socket for a connection, if the address is public.

    Raises:
        PrivateAddressError: it is not.
    """
    family, kind, protocol, _, (address, *_) = there
    if not is_public(str(address)):
        raise PrivateAddressError(str(address), str(address))
    return socket.socket(family, kind, protocol)
