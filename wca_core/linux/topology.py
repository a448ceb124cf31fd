"""`/sys/devices/system/cpu`: which CPUs there are, and how they are put together to cores and sockets.

See Documentation/ABI/stable/sysfs-devices-system-cpu and admin-guide/cputopology.rst of the kernel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.errors import HostError
from wca_core.linux.sysfs import numbered, read_list, read_number

Topology: TypeAlias = dict[int, dict[int, tuple[int, ...]]]
"""Socket -> core -> CPUs."""

UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPlace:
    """Where one CPU is."""

    cpu: int
    package: int = UNKNOWN
    """-1 in some virtual machines and on old ARM."""
    core_id: int = UNKNOWN
    """Tells cores of one die apart, not always those of a package."""
    siblings: frozenset[int] = frozenset()
    """The CPUs of its core: equal for CPUs of one core and of no other. Empty: unknown."""


def online_path(sys: str) -> str:
    return f"{sys}/devices/system/cpu/online"


def read_online(sys: str) -> frozenset[int]:
    """The CPUs that are online. Raises `HostError`: nothing can be told of a machine without."""
    path = online_path(sys)
    online = read_list(path)
    if not online:
        found = "is missing" if online is None else "is empty"
        raise HostError(f"{path} {found}: the online CPUs are not known (is sysfs mounted? mount -t sysfs sysfs {sys})")
    return online


def read_offline(sys: str, online: frozenset[int]) -> frozenset[int]:
    """The CPUs that are there, but not online. Raises `HostError`."""
    present = read_list(f"{sys}/devices/system/cpu/present")
    return frozenset() if present is None else present - online


def read_place(sys: str, cpu: int) -> CpuPlace:
    """Where a CPU is, as far as the kernel tells: some virtual machines and s390 tell nothing. Raises `HostError`."""
    directory = f"{sys}/devices/system/cpu/cpu{cpu}/topology"
    package = read_number(f"{directory}/physical_package_id")
    core_id = read_number(f"{directory}/core_id")
    siblings = read_list(f"{directory}/core_cpus_list") or read_list(f"{directory}/thread_siblings_list")
    return CpuPlace(
        cpu=cpu,
        package=UNKNOWN if package is None else package,
        core_id=UNKNOWN if core_id is None else core_id,
        siblings=siblings or frozenset(),
    )


def arranged(places: Iterable[CpuPlace]) -> Topology:
    """The CPUs by core and socket.

    A core has its `core_id` if that tells all cores of its socket apart, else the number of its first CPU.
    Of CPUs of which nothing is known each is a core, and all are one socket.
    """
    cores: defaultdict[tuple[int, frozenset[int]], list[CpuPlace]] = defaultdict(list)
    for place in sorted(places, key=lambda place: place.cpu):
        cores[max(place.package, 0), place.siblings or frozenset([place.cpu])].append(place)
    topology: Topology = {}
    for socket in sorted({socket for socket, _ in cores}):
        members = [core for (of, _), core in cores.items() if of == socket]
        ids = [core[0].core_id for core in members]
        if len(set(ids)) < len(ids) or UNKNOWN in ids:
            ids = [core[0].cpu for core in members]
        by_id = {core_id: tuple([place.cpu for place in core]) for core_id, core in zip(ids, members, strict=True)}
        topology[socket] = dict(sorted(by_id.items()))
    return topology


def read_l3_cpus(sys: str, online: frozenset[int]) -> dict[int, frozenset[int]]:
    """The CPUs behind each L3 cache, by its id, resctrl's domain; empty where none is told. Raises `HostError`.

    See Documentation/ABI/testing/sysfs-devices-system-cpu (cache/index*/id) and filesystems/resctrl.rst, "Cache IDs".
    """
    found: dict[int, frozenset[int]] = {}
    for cpu in sorted(online):
        if any(cpu in cpus for cpus in found.values()):
            continue  # one CPU of each cache tells of all the others
        for path in numbered(f"{sys}/devices/system/cpu/cpu{cpu}/cache", "index").values():
            if read_number(f"{path}/level") != 3:
                continue
            cache, cpus = read_number(f"{path}/id"), read_list(f"{path}/shared_cpu_list")
            if cache is not None and cpus is not None:
                found[cache] = found.get(cache, frozenset()) | cpus & online
    return dict(sorted(found.items()))


def read_kinds(sys: str, online: Iterable[int]) -> dict[int, str]:
    """The kind of each CPU of a hybrid machine; empty if all are alike. Raises `HostError`.

    `core` and `atom` on x86; `capacity-N` on ARM, where N of 1024 is the speed beside the fastest.
    """
    online = sorted(online)
    devices = f"{sys}/bus/event_source/devices"
    lists = {kind: read_list(f"{devices}/cpu_{kind}/cpus") or frozenset() for kind in ("core", "atom")}
    kinds = {cpu: kind for cpu in online for kind, cpus in lists.items() if cpu in cpus}
    if kinds:
        return kinds
    told = {cpu: read_number(f"{sys}/devices/system/cpu/cpu{cpu}/cpu_capacity") for cpu in online}
    capacities = {cpu: f"capacity-{capacity}" for cpu, capacity in told.items() if capacity is not None}
    return capacities if len(set(capacities.values())) > 1 else {}
