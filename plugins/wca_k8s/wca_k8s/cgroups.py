"""Where a kubelet and its container runtime put cgroups: pure, candidates in the order in which to look for them.

U: a uid; U': the same with `_` for `-`; Q: the QoS class; R: the cgroup root.

| driver | pod | container in it |
|---|---|---|
| cgroupfs | `R/kubepods/Q/podU`; guaranteed: `R/kubepods/podU` | `ID`; of CRI-O: `crio-ID` |
| systemd | `R/kubepods.slice/kubepods-Q.slice/kubepods-Q-podU'.slice` | `cri-containerd-ID.scope` |
| | guaranteed: `R/kubepods.slice/kubepods-podU'.slice` | `docker-ID.scope`, `crio-ID.scope` |

With systemd the root may be a slice, whose name then begins the names of those below it: `/kubelet` gives
`kubelet.slice/kubelet-kubepods.slice/...`. The last part of R may be one while those before it are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

from wca_k8s.qos import QosClass

Runtime: TypeAlias = Literal["docker", "containerd", "crio"]


class CgroupDriverType(StrEnum):
    """Who makes the cgroups of pods."""

    CGROUPFS = "cgroupfs"
    SYSTEMD = "systemd"
    AUTO = "auto"


SCHEMES: dict[str, Runtime] = {"docker": "docker", "containerd": "containerd", "cri-o": "crio"}
"""The runtime by what stands before `://` in the id of a container."""
NAMES: dict[CgroupDriverType, dict[Runtime, str]] = {
    CgroupDriverType.CGROUPFS: {"containerd": "{}", "docker": "{}", "crio": "crio-{}"},
    CgroupDriverType.SYSTEMD: {
        "containerd": "cri-containerd-{}.scope",
        "docker": "docker-{}.scope",
        "crio": "crio-{}.scope",
    },
}


def roots(driver: CgroupDriverType, cgroup_root: str) -> list[str]:
    """Where the cgroup of all pods may be."""
    if driver is CgroupDriverType.CGROUPFS:
        return [f"{_prefix(cgroup_root)}/kubepods"]
    return [f"{place}/{_slice(words, 'kubepods')}" for place, words in _slice_roots(cgroup_root)]


def pod_paths(driver: CgroupDriverType, cgroup_root: str, qos: QosClass, uids: Sequence[str]) -> list[str]:
    """Where the cgroup of a pod may be, the likeliest first."""
    guaranteed = qos is QosClass.GUARANTEED
    if driver is CgroupDriverType.CGROUPFS:
        above = f"{_prefix(cgroup_root)}/kubepods" + ("" if guaranteed else f"/{qos}")
        return _unique(f"{above}/pod{form}" for uid in uids for form in (uid, uid.replace("-", "")))
    slices = _slice_roots(cgroup_root)
    expected = [_pod_slice(place, words, "" if guaranteed else qos, uid) for uid in uids for place, words in slices]
    odd = [_pod_slice(place, words, qos, uid) for uid in uids for place, words in slices] if guaranteed else []
    return _unique([*expected, *odd])


def container_names(driver: CgroupDriverType, runtime: Runtime | None, container_id: str) -> list[str]:
    """What the cgroup of a container may be called; the first is the one expected. None: an unknown runtime."""
    by_runtime = NAMES[driver]
    expected = by_runtime[runtime or "containerd"]
    other_driver = [form for other, forms in NAMES.items() if other is not driver for form in forms.values()]
    return _unique(form.format(container_id) for form in (expected, *by_runtime.values(), *other_driver))


def is_of_container(entry: str, container_id: str) -> bool:
    """Whether a cgroup in that of a pod may be this container's, under a name nobody told us of."""
    return container_id in entry and "conmon" not in entry


def _pod_slice(place: str, words: Sequence[str], qos: str, uid: str) -> str:
    """`qos`: empty where the pod is directly below the slice of all pods."""
    own = f"pod{uid.replace('-', '_')}"
    above = (*words, "kubepods")
    names = (above, (*above, qos), (*above, qos, own)) if qos else (above, (*above, own))
    return "/".join([place + _parents(words), *(f"{'-'.join(name)}.slice" for name in names)])


def _slice(words: Sequence[str], name: str) -> str:
    return f"{_parents(words)}/{'-'.join((*words, name))}.slice".lstrip("/")


def _parents(words: Sequence[str]) -> str:
    """The slices above one: `a`, `b` -> `/a.slice/a-b.slice`."""
    return "".join(f"/{'-'.join(words[:count])}.slice" for count in range(1, len(words) + 1))


def _slice_roots(cgroup_root: str) -> list[tuple[str, tuple[str, ...]]]:
    """How the root may be read: a place that is no slice of the kubelet's, and words of slices below it."""
    parts = [part for part in cgroup_root.split("/") if part]
    return [
        ("".join(f"/{part}" for part in parts[:count]), _words(parts[count:])) for count in range(len(parts), -1, -1)
    ]


def _words(parts: Sequence[str]) -> tuple[str, ...]:
    """As the kubelet names slices by: it writes `_` for `-`."""
    return tuple(part.removesuffix(".slice").replace("-", "_") for part in parts)


def _prefix(cgroup_root: str) -> str:
    return "/" + cgroup_root.strip("/") if cgroup_root.strip("/") else ""


def _unique(paths: Iterable[str] | Iterator[str]) -> list[str]:
    return list(dict.fromkeys(paths))
