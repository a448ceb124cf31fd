"""Which proxy a server is asked through: what the environment says, but never for a server on this machine.

`http_proxy`, `https_proxy` and `no_proxy`, as other programs take them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import urllib.request
from urllib.parse import unquote, urlsplit


def proxy_for(url: str) -> str | None:
    """The URL of the proxy; None: the server is asked directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_this_machine(host) or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def credentials(proxy: str) -> str | None:
    """`NAME:PASSWORD` in the URL of a proxy."""
    user, is_given, _ = proxy.partition("://")[2].partition("/")[0].rpartition("@")
    return unquote(user) if is_given else None


def is_this_machine(host: str) -> bool:
    """Whether an address, or a name, is one of this machine's own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host == os.uname().nodename
    return address.is_loopback or _is_own(address)


def _is_own(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether packets from here to there would have it as their source. None is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0].partition("%")[0]) == address
    except OSError:
        return False
