"""What a process may do: capabilities(7), and the lines `Cap*`, `NoNewPrivs` and `Seccomp` of `/proc/PID/status`.

Masks have 64 bits: of a 32-bit capget(2) everything above CAP_SETFCAP would be missing, such as CAP_PERFMON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from wca_core.linux.files import read_file


class Capability(IntEnum):
    """The bits, of include/uapi/linux/capability.h of the kernel; `str()` gives the name as the kernel spells it."""

    CHOWN = 0
    DAC_OVERRIDE = 1
    DAC_READ_SEARCH = 2
    FOWNER = 3
    FSETID = 4
    KILL = 5
    SETGID = 6
    SETUID = 7
    SETPCAP = 8
    LINUX_IMMUTABLE = 9
    NET_BIND_SERVICE = 10
    NET_BROADCAST = 11
    NET_ADMIN = 12
    NET_RAW = 13
    IPC_LOCK = 14
    IPC_OWNER = 15
    SYS_MODULE = 16
    SYS_RAWIO = 17
    SYS_CHROOT = 18
    SYS_PTRACE = 19
    SYS_PACCT = 20
    SYS_ADMIN = 21
    SYS_BOOT = 22
    SYS_NICE = 23
    SYS_RESOURCE = 24
    SYS_TIME = 25
    SYS_TTY_CONFIG = 26
    MKNOD = 27
    LEASE = 28
    AUDIT_WRITE = 29
    AUDIT_CONTROL = 30
    SETFCAP = 31
    MAC_OVERRIDE = 32
    MAC_ADMIN = 33
    SYSLOG = 34
    WAKE_ALARM = 35
    BLOCK_SUSPEND = 36
    AUDIT_READ = 37
    PERFMON = 38
    BPF = 39
    CHECKPOINT_RESTORE = 40

    def __str__(self) -> str:
        return f"CAP_{self.name}"


SECCOMP_FILTER = 2
"""A filter is in force: system calls may be refused whatever the capabilities are."""

_LINE = re.compile(rb"^(Cap(?:Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):[ \t]*([0-9a-f]{1,16})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """Of one process. The masks are sums of `1 << Capability`."""

    effective: int
    """What counts."""
    bounding: int = 0
    """What can be had at most."""
    ambient: int = 0
    """What programs that it starts keep without being root."""
    no_new_privileges: bool = False
    seccomp: int = 0
    """0: off; 1: strict; 2: a filter."""

    def has(self, capability: Capability) -> bool:
        """Whether a capability is in force."""
        return bool(self.effective >> capability & 1)


def parse_privileges(status: bytes) -> Privileges:
    """Of `/proc/PID/status`; lines that older kernels lack count as 0. Raises `ValueError` without `CapEff`."""
    found = {name.decode(): int(number, 16) for name, number in _LINE.findall(status)}
    if "CapEff" not in found:
        raise ValueError(f"a line 'CapEff: ' and a mask expected, found {status[:80]!r}")
    return Privileges(
        effective=found["CapEff"],
        bounding=found.get("CapBnd", 0),
        ambient=found.get("CapAmb", 0),
        no_new_privileges=bool(found.get("NoNewPrivs", 0)),
        seccomp=found.get("Seccomp", 0),
    )


def read_privileges(proc: str) -> Privileges:
    """Of this process, as the /proc of a machine tells it, or the own one where that has none.

    Raises `OSError`, `ValueError`.
    """
    try:
        status = read_file(f"{proc}/self/status")
    except FileNotFoundError:
        status = read_file("/proc/self/status")
    return parse_privileges(status)


def capabilities_of(mask: int) -> tuple[Capability, ...]:
    """Those in a mask that have a name, by bit."""
    return tuple(capability for capability in Capability if mask >> capability & 1)
