"""The proxy that the environment names, read in one way for everything that reaches for the network.

The standard library reads the variables, NO_PROXY included: an entry that it does not know there, like a network in
CIDR notation, fits no host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ndcore.errors import UserError

SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """Where a proxy is, and who says so."""

    origin: str
    """The environment variable. Errors name it and not the address, which may hold a password."""
    address: str
    """With its scheme."""

    @property
    def is_socks(self) -> bool:
        return self.address.lower().startswith("socks")

    def unusable(self, why: str) -> UserError:
        """An error about this proxy, in one line."""
        return UserError(f"{self.origin} {why}: set it to one like http://host:3128, or unset it")


def proxy_for(url: str, *, all_proxy: bool = True) -> Proxy | None:
    """The proxy through which an address is to be reached; None: directly.

    Args:
        url: the address, with its scheme.
        all_proxy: whether ALL_PROXY counts where no variable names the scheme.

    Raises:
        UserError: the variable holds no address of a proxy.
    """
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    named = getproxies()
    for scheme in (parts.scheme, "all") if all_proxy else (parts.scheme,):
        if address := named.get(scheme):
            variables = (name for name in os.environ if name.lower() == f"{scheme}_proxy" and os.environ[name])
            origin = min(variables, key=str.isupper, default="the proxy of the system's settings")
            return _checked(Proxy(origin, address if "://" in address else f"http://{address}"))
    return None


def is_address(text: str, schemes: Iterable[str]) -> bool:
    """Whether a text names a host that a client can ask: a scheme of these, a host, and a port if any."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")
        usable = parts.scheme in schemes and re.fullmatch(rb"[\w.:%-]+", host) and parts.port != 0
    except ValueError:  # the port is no number, a bracket is missing, a part of the name is too long
        return False
    return bool(usable) and not re.search(r"[\s\x00-\x1f\x7f]", text)


def _checked(proxy: Proxy) -> Proxy:
    if not is_address(proxy.address, SCHEMES):
        raise proxy.unusable("holds no address of a proxy")
    return proxy
