"""Where to listen: an address and port as configured, and the socket that comes of it."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping
from typing import Annotated

from wca_core.config.field_types import FieldCheck
from wca_core.errors import StartError

LONGEST = 300

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:\[\]/@]+)):([0-9]{1,5})", re.ASCII)


class IsListenAddress(FieldCheck):
    """`HOST:PORT` or `[IPv6]:PORT`; port 0: any that is free."""

    def check(self, value: str) -> None:
        split(value)

    def json_schema(self) -> Mapping[str, object]:
        return {"pattern": "^.+:[0-9]{1,5}$", "maxLength": LONGEST}


ListenAddress = Annotated[str, IsListenAddress()]


def split(address: str) -> tuple[str, int]:
    """Host and port. Raises `ValueError` with what is expected."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[3]) > 65535 or len(address) > LONGEST:
        raise ValueError("HOST:PORT or [IPv6]:PORT with a port from 1 to 65535, or 0 for any that is free,")
    return found[1] or found[2], int(found[3])


def listening_at(address: str) -> socket.socket:
    """A socket that listens there; `[::]` also takes clients with IPv4. Raises `StartError`."""
    host, port = split(address)
    try:
        name = host.encode()  # as text it would be read by a codec that costs a megabyte
        family, _, _, _, where = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        takes_both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(where, family=family, dualstack_ipv6=takes_both)
    except OSError as error:
        raise StartError(f"cannot listen on {address}: {_reason(error, host, port)}") from error


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine reaches a socket."""
    host = listening.getsockname()[0]
    return host == "::1" or (listening.family == socket.AF_INET and host.startswith("127."))


def name_of(listening: socket.socket) -> str:
    """The address as it stands in a URL, with the port that was free."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name {host!r} has no address; set listen to an address of this machine, or 127.0.0.1:{port}"
    number = error.errno
    if number == errno.EADDRINUSE:
        return (
            f"the port is in use (ss -ltnp 'sport = :{port}' tells by whom); stop that, or take another: "
            f"--set prometheus.listen={host}:{port + 1}"
        )
    if number == errno.EACCES:
        return f"a port below 1024 needs CAP_NET_BIND_SERVICE, uid {os.geteuid()} lacks it; set listen to a higher port"
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"this machine does not have the address {host}; set listen to one that 'ip address' lists"
    return f"{error}; set listen to another address"
