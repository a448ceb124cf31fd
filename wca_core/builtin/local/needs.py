"""What finding tasks by oneself needs of a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator

from wca_core.builtin.local.lookup import Directories
from wca_core.host import Host
from wca_core.linux.capabilities import Capability
from wca_core.model.requirement import Requirement


def readable_engines(directories: Directories) -> Requirement:
    return Requirement(
        need="to read what container engines know about their containers",
        is_met=lambda host: not any(_closed(directories, host)),
        found=lambda host: f"{', '.join(_closed(directories, host))} cannot be read",
        cure=f"run as root or with {Capability.DAC_READ_SEARCH}",
        required=False,
        lost="names of containers, labels container_name, image, pod_name and pod_namespace",
    )


def _closed(directories: Directories, host: Host) -> Iterator[str]:
    """The directories that are there, but closed to us."""
    inside = {
        "containers": directories.docker,
        "overlay-containers": directories.storage,
        "io.containerd.runtime.v2.task": directories.containerd,
        "": directories.runtimes,
    }
    for name, above in inside.items():
        for directory in above:
            place = host.path(f"{directory}/{name}".rstrip("/"))
            try:
                os.stat(place)
                is_open = os.access(place, os.R_OK | os.X_OK, effective_ids=True)
            except PermissionError:
                is_open = False
            except OSError:
                continue  # this engine is not here
            if not is_open:
                yield place
