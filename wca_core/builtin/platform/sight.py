"""Whether this process sees the machine itself, or a container's view of it."""

from __future__ import annotations

from wca_core.host import Host
from wca_core.linux.namespaces import is_own


def sees_the_host(host: Host) -> bool:
    """With another root it is the user who said where the host is."""
    return host.root != "/" or is_own(host.proc, "pid") is not True
