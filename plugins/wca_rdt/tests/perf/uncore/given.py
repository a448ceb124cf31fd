"""Machines with uncore PMUs, and a kernel that opens what they show.

The trees are not recordings: they are written after arch/x86/events/intel/uncore_snbep.c, uncore_snb.c and
arch/x86/events/amd/uncore.c of Linux 6.18 and Documentation/ABI/testing/sysfs-bus-event_source-devices-*, cut down
to the files and the few PMUs that a test needs.
"""

from __future__ import annotations

import errno
import os
import struct
from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.uncore.collector import Uncore
from wca_rdt.perf.uncore.kernel import Kernel

from wca_core.agent import Agent
from wca_core.testing import Machine, Measured, running

DEVICES = "/sys/bus/event_source/devices"
INTEL, AMD = "GenuineIntel", "AuthenticAMD"

LINES = {"scale": "6.103515625e-5", "unit": "MiB"}
PLAIN = {"event": "config:0-7", "umask": "config:8-15"}
INTEL_FORMATS = {**PLAIN, "edge": "config:18", "inv": "config:23", "threshold": "config:24-31"}
WIDE = {**PLAIN, "umask": "config:8-15,32-55", "edge": "config:18"}


def machine(tmp_path: Path, vendor: str, family: int, model: int, stepping: int = 0, sockets: int = 2) -> Machine:
    """Two CPUs on each socket: socket 0 has 0 and 1, socket 1 has 2 and 3."""
    fields = {"vendor_id": vendor, "cpu family": family, "model": model, "model name": "a CPU", "stepping": stepping}
    text = "".join(f"{name}\t: {value}\n" for name, value in fields.items())
    cores = {socket: {0: [2 * socket], 1: [2 * socket + 1]} for socket in range(sockets)}
    return Machine(tmp_path).file("/proc/cpuinfo", text).cpus(cores)


def pmu(
    on: Machine,
    name: str,
    number: int,
    mask: str | None = "0,2",
    formats: Mapping[str, str] = INTEL_FORMATS,
    events: Mapping[str, str] | None = None,
) -> Machine:
    """`events`: terms by name; a name that ends in `MiB` is of an alias in lines of 64 bytes."""
    files = {"type": str(number), **{f"format/{term}": text for term, text in formats.items()}}
    for event, terms in (events or {}).items():
        alias = event.removesuffix(" MiB")
        files[f"events/{alias}"] = terms
        files |= {f"events/{alias}.{key}": text for key, text in LINES.items() if alias != event}
    if mask is not None:
        files["cpumask"] = mask
    for file, text in files.items():
        on.file(f"{DEVICES}/{name}/{file}", f"{text}\n")
    return on


def skylake(tmp_path: Path) -> Machine:
    """Two memory controllers, a link, two cache slices; types 17 and 18, 20, 25 and 26."""
    found = machine(tmp_path, INTEL, 6, 0x55, 4)
    events = {
        "cas_count_read MiB": "event=0x04,umask=0x03",
        "cas_count_write MiB": "event=0x04,umask=0x0c",
        "clockticks": "event=0x00,umask=0x00",
    }
    for number in range(2):
        pmu(found, f"uncore_imc_{number}", 17 + number, events=events)
        pmu(found, f"uncore_cha_{number}", 25 + number, formats={**INTEL_FORMATS, "filter_tid": "config1:0-8"})
    return pmu(found, "uncore_upi_0", 20, formats=WIDE)


def ice_lake(tmp_path: Path) -> Machine:
    """A memory controller of type 17 with counters that always run, of type 30, and a cache slice of type 25."""
    found = machine(tmp_path, INTEL, 6, 0x6A)
    events = {
        "cas_count_read MiB": "event=0x04,umask=0x0f",
        "cas_count_write MiB": "event=0x04,umask=0x30",
        "clockticks": "event=0x00,umask=0x00",
    }
    pmu(found, "uncore_imc_0", 17, events=events)
    pmu(found, "uncore_cha_0", 25, formats=WIDE)
    free = {"read": "event=0xff,umask=0x20", "write": "event=0xff,umask=0x21", "dclk": "event=0xff,umask=0x10"}
    pmu(found, "uncore_imc_free_running_0", 30, formats=PLAIN, events=free)
    for name in ("read", "write"):  # four bytes for one count
        found.file(f"{DEVICES}/uncore_imc_free_running_0/events/{name}.scale", "3.814697266e-6\n")
        found.file(f"{DEVICES}/uncore_imc_free_running_0/events/{name}.unit", "MiB\n")
    return found


def sapphire_rapids(tmp_path: Path) -> Machine:
    found = machine(tmp_path, INTEL, 6, 0x8F)
    events = {
        "cas_count_read MiB": "event=0x05,umask=0xcf",
        "cas_count_write MiB": "event=0x05,umask=0xf0",
        "clockticks": "event=0x01,umask=0x00",
    }
    return pmu(found, "uncore_imc_0", 17, events=events)


def granite_rapids(tmp_path: Path) -> Machine:
    """Each of two sub-channels has its own events; type 17."""
    found = machine(tmp_path, INTEL, 6, 0xAD)
    events = {
        "cas_count_read_sch0 MiB": "event=0x05,umask=0xcf",
        "cas_count_read_sch1 MiB": "event=0x06,umask=0xcf",
        "cas_count_write_sch0 MiB": "event=0x05,umask=0xf0",
        "cas_count_write_sch1 MiB": "event=0x06,umask=0xf0",
        "clockticks": "event=0x01,umask=0x00",
    }
    return pmu(found, "uncore_imc_0", 17, events=events)


def zen_2(tmp_path: Path) -> Machine:
    """The data fabric is type 9, the caches are type 10."""
    found = machine(tmp_path, AMD, 0x17, 0x31)
    pmu(found, "amd_df", 9, formats={"event": "config:0-7,32-35,59-60", "umask": "config:8-15"})
    l3 = {"event": "config:0-7", "umask": "config:8-15", "slicemask": "config:48-51", "threadmask": "config:56-63"}
    return pmu(found, "amd_l3", 10, "0-3", formats=l3)


def zen_4(tmp_path: Path) -> Machine:
    """Two memory controllers, of types 11 and 12, each owned by one socket."""
    found = machine(tmp_path, AMD, 0x19, 0x11)
    pmu(found, "amd_df", 9, formats={"event": "config:0-7,32-37", "umask": "config:8-15,24-27"})
    for number in range(2):
        formats = {"event": "config:0-7", "rdwrmask": "config:8-9"}
        pmu(found, f"amd_umc_{number}", 11 + number, str(2 * number), formats=formats)
    return found


def tiger_lake(tmp_path: Path) -> Machine:
    """A client that has only counters that always run; type 30."""
    events = {
        "data_total MiB": "event=0xff,umask=0x10",
        "data_read MiB": "event=0xff,umask=0x20",
        "data_write MiB": "event=0xff,umask=0x30",
    }
    found = machine(tmp_path, INTEL, 6, 0x8C, sockets=1)
    return pmu(found, "uncore_imc_free_running_0", 30, "0", formats=PLAIN, events=events)


def haswell_client(tmp_path: Path) -> Machine:
    """One memory controller without a number, type 12, with events of its own."""
    events = {"data_reads MiB": "event=0x01", "data_writes MiB": "event=0x02"}
    found = machine(tmp_path, INTEL, 6, 0x3C, sockets=1)
    return pmu(found, "uncore_imc", 12, "0", formats={"event": "config:0-7"}, events=events)


@dataclass(slots=True)
class _Opened:
    encoding: Encoding
    cpu: int
    leader: int
    since: int = 0
    enabled: int = 0
    running: int = 0


@dataclass(eq=False)
class PretendedKernel(Kernel):
    """Opens all that fits on the counters of a PMU, and counts what the test says happened."""

    room: dict[int, int] = field(default_factory=dict)
    """How many counters a PMU has, by type; as many as are asked for if it is not told."""
    refuses: dict[tuple[int, int], int] = field(default_factory=dict)
    """By type and config, with which error."""
    fails: dict[int, int] = field(default_factory=dict)
    """By type, the error of each read; 0: it gives no bytes."""
    refuses_all: int = 0
    enabled: int = 0
    running: int = 0
    happened: Tally[tuple[int, int]] = field(default_factory=Tally)
    """By type and config, on each CPU that counts it."""
    opened: dict[int, _Opened] = field(default_factory=dict)
    ever: int = 0

    def happen(self, events: Mapping[tuple[int, int], int], nanoseconds: int = 1000, share: float = 1.0) -> None:
        """Since the last step; `share`: of the time that groups were on the counters."""
        self.happened.update(events)
        self.enabled += nanoseconds
        self.running += int(nanoseconds * share)

    def groups(self, pmu_type: int, cpu: int) -> list[list[int]]:
        """The configs of each open group of a PMU on a CPU."""
        found: dict[int, list[int]] = {}
        for one in self.opened.values():
            if one.encoding.type == pmu_type and one.cpu == cpu:
                found.setdefault(one.leader, []).append(one.encoding.config)
        return list(found.values())

    def cpus(self, pmu_type: int) -> set[int]:
        return {one.cpu for one in self.opened.values() if one.encoding.type == pmu_type}

    def open(self, encoding: Encoding, cpu: int, leader: int | None) -> int:
        refusal = self.refuses_all or self.refuses.get((encoding.type, encoding.config), 0)
        members = [one for one in self.opened.values() if one.leader == leader]
        if not refusal and leader is not None and len(members) >= self.room.get(encoding.type, len(members) + 1):
            refusal = errno.EINVAL
        if refusal:
            raise OSError(refusal, os.strerror(refusal))
        self.ever += 1
        self.opened[self.ever] = _Opened(encoding, cpu, self.ever if leader is None else leader)
        return self.ever

    def begin(self, leader: int) -> None:
        for one in self.opened.values():
            if one.leader == leader:
                one.since = self.happened[one.encoding.type, one.encoding.config]
                one.enabled, one.running = self.enabled, self.running

    def read(self, leader: int, size: int) -> bytes:
        group = [one for one in self.opened.values() if one.leader == leader]
        error = self.fails.get(group[0].encoding.type)
        if error is not None:
            if error:
                raise OSError(error, os.strerror(error))
            return b""
        counts = [self.happened[one.encoding.type, one.encoding.config] - one.since for one in group]
        times = (self.enabled - group[0].enabled, self.running - group[0].running)
        share = times[1] / times[0] if times[0] else 0
        pairs = [number for count in counts for number in (int(count * share), 7)]
        content = struct.pack(f"={3 + len(pairs)}Q", len(group), *times, *pairs)
        assert len(content) == size
        return content

    def close(self, descriptor: int) -> None:
        del self.opened[descriptor]


def uncore(kernel: Kernel, events: Sequence[str] | Sequence[Sequence[str]], **fields: object) -> Uncore:
    """The plugin, on another kernel than the one that runs."""
    cls = type("Uncore", (Uncore,), {"kernel": kernel})
    made: Uncore = cls(uncore_event_names=events, **fields)
    return made


@dataclass(slots=True)
class Run:
    """An agent that counts, step by step."""

    agent: Agent
    machine: Machine
    kernel: PretendedKernel

    def step(self, seconds: float = 1.0) -> Measured:
        """The next one, so much later."""
        self.machine.clock.advance(seconds)
        return Measured(self.agent.step(), self.agent.host.statistics)


@contextmanager
def counting(
    on: Machine,
    events: Sequence[str] | Sequence[Sequence[str]],
    kernel: PretendedKernel | None = None,
    **fields: object,
) -> Iterator[Run]:
    kernel = kernel or PretendedKernel()
    with running(on, [uncore(kernel, events, **fields)]) as agent:
        yield Run(agent, on, kernel)


def values(measured: Measured, metric: str) -> dict[tuple[str, ...], float]:
    """By the values of its levels, in their order."""
    return {sample.series.level_values: sample.value for sample in measured.samples(metric)}
