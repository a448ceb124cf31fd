"""What fields of the configuration must be together, told before anything starts. All raise `ConfigurationError`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wca_core.errors import ConfigurationError
from wca_core.model.selector import Selector, parse_selector

ALL_NAMESPACES = "*"

_HOST = re.compile(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def checked_namespaces(names: Sequence[str]) -> list[str] | None:
    """Each once, in their order; None for all namespaces."""
    if not names:
        raise ConfigurationError("monitored_namespaces: no namespace, no task: names them, or ['*'] for all")
    if list(names) == [ALL_NAMESPACES]:
        return None
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise ConfigurationError(f"monitored_namespaces: {name!r}: names of namespaces, or ['*'] expected")
    return [*dict.fromkeys(names)]


def checked_selector(field: str, text: str | None) -> Selector | None:
    """None for none, and for an empty one, which all pods match."""
    try:
        return parse_selector(text) if text and text.strip() else None
    except ValueError as error:
        raise ConfigurationError(f"{field}: {error}") from error


def check_api_server(*, host: str, port: str, node_name: str, node_ip: str) -> None:
    """Whether it is said whom to ask, and for the pods of which node."""
    if not (host or port or node_name or node_ip):
        raise ConfigurationError(
            "kubeapi_host, kubeapi_port and node_name (or node_ip) are not given, or empty: are the environment "
            "variables they are taken from set (KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, HOST_IP)? "
            "kubelet_enabled: true asks the kubelet of this node instead of the API server"
        )
    given = {"kubeapi_host": host, "kubeapi_port": port, "node_name (or node_ip)": node_name or node_ip}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise ConfigurationError(
            f"missing: {', '.join(missing)}; needed to ask the API server; "
            "kubelet_enabled: true asks the kubelet of this node instead"
        )
    if not _HOST.fullmatch(host) or not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ConfigurationError(
            f"kubeapi_host: {host!r}, kubeapi_port: {port!r}: a host name or an address, "
            "and a port from 1 to 65535 expected"
        )


def as_text(value: str | int | None) -> str:
    """A field without the white space around it; empty if it is not given."""
    return "" if value is None else str(value).strip()
