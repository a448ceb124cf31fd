"""What a plan of writes may hold on a machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.cgroup import Hierarchies
from wca_core.write_kinds import InstalledKinds


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a plan may hold."""

    kinds: Collection[str] | None = None
    """Of writes that can be undone by another process; None: any."""
    roots: Sequence[str] | None = None
    """Directories that written files are below; None: anywhere. Asked anew for each plan: a plugin may add to them."""


def bounds_of(host: Host) -> Bounds:
    """All kinds that are installed, below the cgroup trees and what plugins added to `host.writable_roots`."""
    with suppress(HostError):
        host.writable_roots += [one for one in _directories(host.hierarchies) if one not in host.writable_roots]
    return Bounds(InstalledKinds(), host.writable_roots)


def _directories(hierarchies: Hierarchies) -> Sequence[str]:
    trees = (*hierarchies.v1.values(), *([hierarchies.unified] if hierarchies.unified else []))
    return tuple(dict.fromkeys(tree.directory for tree in trees))
