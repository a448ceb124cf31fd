"""What a cgroup is, as far as its path tells."""

from __future__ import annotations

from enum import Enum, auto

from wca_core.linux.container_paths import container_at, is_helper_of_engine
from wca_core.linux.systemd_paths import is_slice, is_user_manager, unit_of


class Kind(Enum):
    CONTAINER = auto()
    HELPER = auto()
    """It only watches over a container."""
    UNIT = auto()
    """A service, a scope or the like of systemd."""
    GROUP = auto()
    """Made to hold units: a slice, the service that runs those of a user."""
    PLAIN = auto()


def kind_of(path: str) -> Kind:
    if is_helper_of_engine(path):
        return Kind.HELPER
    if container_at(path) is not None:
        return Kind.CONTAINER
    if is_slice(path) or is_user_manager(path):
        return Kind.GROUP
    return Kind.PLAIN if unit_of(path) is None else Kind.UNIT
