"""How container engines name the cgroups of their containers, with the cgroupfs and the systemd driver.

ID: 64 hexadecimal digits; NAME: letters, digits, `.`, `_`, `:` and `-`.

| the path ends in | engine |
|---|---|
| `docker-ID.scope`, `docker/ID`, `ecs/TASK/ID` | docker |
| `cri-containerd-ID.scope`, `nerdctl-ID.scope` | containerd |
| `crio-ID.scope`, `crio-ID` | cri-o |
| `libpod-ID.scope`, `libpod-ID`, `libpod-payload-ID` (in the cgroup of a service) | podman |
| `SLICE:docker:ID`, `SLICE:cri-containerd:ID`, ... | the one named: a systemd path given to the cgroupfs driver |
| `kata_ID` | kata |
| `docker-BUILD.scope`, `buildkit/BUILD` (25 letters and digits) | buildkit |
| `lxc/NAME`, `lxc.payload/NAME`, `lxc.payload.NAME` | lxc |
| `machine-NAME.scope`, `systemd-nspawn@NAME.service` | nspawn |
| `machine-qemu\\x2dN\\x2dNAME.scope`, `qemu-N-NAME.libvirt-qemu` | libvirt |
| `mesos/UUID` | mesos |
| any other `ID`, as in the pods of Kubernetes | unknown |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wca_core.linux.systemd_paths import unescaped

ENGINES = ("docker", "containerd", "cri-o", "podman", "kata", "buildkit", "lxc", "nspawn", "libvirt", "mesos")

NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:-]{1,255}", re.ASCII)
"""What an id may look like that becomes part of the path of a file."""

_ID = r"[0-9a-f]{64}"
_PREFIXES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}
_PREFIXED = re.compile(rf"(?:.*:)?({'|'.join(_PREFIXES)})[-:]({_ID})(?:\.scope)?")
_LAST = (
    ("kata", re.compile(rf"kata_({_ID})")),
    ("buildkit", re.compile(r"docker-([0-9a-z]{25})\.scope")),
    ("lxc", re.compile(r"lxc\.payload\.(.+)")),
    ("libvirt", re.compile(r"qemu-\d+-(.+)\.libvirt-qemu")),
    ("nspawn", re.compile(r"systemd-nspawn@(.+)\.service")),
    ("nspawn", re.compile(r"machine-(.+)\.scope")),
)
_BELOW = (
    ("buildkit", re.compile(r".*/buildkit/([0-9a-z]{25})")),
    ("lxc", re.compile(r".*/lxc(?:\.payload)?/([^/]+)")),
    ("mesos", re.compile(r".*/mesos/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")),
    ("docker", re.compile(rf".*/docker/({_ID})")),
    ("docker", re.compile(rf".*/ecs/.*/({_ID})")),
)
_VIRTUAL = re.compile(r"(?:qemu|lxc|xen)-\d+-(.+)")
_HELPERS = re.compile(rf".*/(?:(?:libpod|crio)-conmon-{_ID}(?:\.scope)?|conmon|lxc\.(?:monitor|pivot)(?:\..+)?)")
_POD = re.compile(r"/(?:[^/]*-)?pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?:\.slice\b|/|$)")


@dataclass(frozen=True, slots=True)
class ContainerPath:
    """What the path of a container's own cgroup tells."""

    engine: str | None
    """One of `ENGINES`; None: several engines name theirs so."""
    container_id: str
    """Matches `NAME`."""


def container_at(path: str) -> ContainerPath | None:
    """The container whose own cgroup this is; None for any other, also one further below. Starts with `/`."""
    last = path.rpartition("/")[2]
    if found := _PREFIXED.fullmatch(last):
        return ContainerPath(_PREFIXES[found[1]], found[2])
    for engine, pattern in _LAST:
        if found := pattern.fullmatch(last):
            return _named(engine, unescaped(found[1]))
    for engine, pattern in _BELOW:
        if found := pattern.fullmatch(path):
            return _named(engine, found[1])
    return ContainerPath(None, last) if re.fullmatch(_ID, last) else None


def is_helper_of_engine(path: str) -> bool:
    """Whether a cgroup holds only what watches over a container: conmon, the monitor of LXC."""
    return _HELPERS.fullmatch(path) is not None


def pod_uid_of(path: str) -> str | None:
    """The uid of the pod of Kubernetes in whose cgroup, or below it, a path is; as the kubelet tells it."""
    found = _POD.search(path) if "kubepods" in path else None
    return found[1].replace("_", "-") if found else None


def _named(engine: str, name: str) -> ContainerPath | None:
    if engine == "nspawn" and (found := _VIRTUAL.fullmatch(name)):
        engine, name = "libvirt", found[1]
    return ContainerPath(engine, name) if NAME.fullmatch(name) else None
