"""Where a request came from, said once for whatever it will do."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from recovery.actors import Source, current_source, current_visitor
from recovery.conf import conf
from recovery.trace import traced

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ADDRESS_LENGTH: Final = 45
"""The room that the ledger has."""


class SourceMiddleware:
    """Keep the source of the request at hand for the domain, which never sees a request.

    All that the request leaves behind, events and versions of rows, shares one trace.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = current_source.set(source_of(request))
        visitor = current_visitor.set(lambda: getattr(request, "user", None))
        try:
            with traced():
                return self.get_response(request)
        finally:
            current_visitor.reset(visitor)
            current_source.reset(token)


def source_of(request: HttpRequest) -> Source:
    """The address nearest to us that is not a trusted proxy, and what the browser calls itself."""
    return Source(address=_address(request), user_agent=request.headers.get("user-agent", "")[:300])


def _address(request: HttpRequest) -> str:
    """Walk X-Forwarded-For from our end, as far as trusted proxies wrote it.

    What lies to the left of the first stranger is what the stranger claims.
    """
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",")]
    peer = str(request.META.get("REMOTE_ADDR", ""))
    address = _parsed(peer)
    while hops and address is not None and _is_trusted(address):
        nearer = _parsed(hops.pop())
        if nearer is None:
            break
        address = nearer
    return str(address) if address is not None else peer[:ADDRESS_LENGTH]


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(conf.TRUSTED_PROXIES)))


def _parsed(address: str) -> Address | None:
    """Read an address: IPv4 also where it comes as IPv6, and without the name of an interface."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


@lru_cache(maxsize=8)
def _networks(configured: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in configured)
