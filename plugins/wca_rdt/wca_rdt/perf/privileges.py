"""Who may count what runs on a whole CPU, which is what counting a cgroup comes down to.

`kernel.perf_event_paranoid`: at most 0 lets everybody; above that it takes CAP_PERFMON, or on kernels before 5.8
CAP_SYS_ADMIN. That the user is root proves nothing: containers and user namespaces take capabilities away.
"""

from __future__ import annotations

from wca_core.errors import HostError
from wca_core.linux.capabilities import SECCOMP_FILTER, Capability, Privileges, read_privileges
from wca_core.linux.sysfs import read_attribute


def paranoid_level(proc: str) -> int | None:
    """None: the kernel has no perf events, or does not tell. Raises `HostError`."""
    text = read_attribute(f"{proc}/sys/kernel/perf_event_paranoid")
    try:
        return None if text is None else int(text)
    except ValueError as error:
        raise HostError(f"{proc}/sys/kernel/perf_event_paranoid: a number expected, found {text!r:.80}") from error


def is_capable(privileges: Privileges) -> bool:
    return privileges.has(Capability.PERFMON) or privileges.has(Capability.SYS_ADMIN)


def why_forbidden(proc: str) -> str:
    """What stands in the way, for somebody whom the kernel refused. Raises `HostError`, `OSError`, `ValueError`."""
    privileges = read_privileges(proc)
    if not is_capable(privileges):
        return (
            f"this process has neither CAP_PERFMON nor CAP_SYS_ADMIN and perf_event_paranoid is {paranoid_level(proc)}"
        )
    if privileges.seccomp == SECCOMP_FILTER:
        return "it has the capability, so its seccomp filter refuses the system call"
    return "it has the capability, so a security module or a container refuses the system call"


def remedies(proc: str) -> str:
    """What to do, in one line; never raises."""
    try:
        found = why_forbidden(proc)
    except (HostError, OSError, ValueError) as error:
        found = str(error)
    return f"{found}: {CURE}"


CURE = (
    "give it CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8), or sysctl kernel.perf_event_paranoid=0; in a container also "
    "a seccomp profile that allows perf_event_open"
)
