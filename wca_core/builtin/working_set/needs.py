"""What measuring the working set needs of a machine."""

from __future__ import annotations

from wca_core.linux.capabilities import Capability
from wca_core.model.requirement import Requirement
from wca_core.needs import capability, host_processes, kernel_file, visible_processes

REFERENCED = "task_wss_referenced_bytes"
OF_OTHERS = "of processes of other users"


def needs(*, is_on: bool) -> list[Requirement]:
    """`is_on`: whether it is asked for."""
    option = "" if is_on else "wss_reset_cycles"
    return [
        kernel_file(
            lambda host: f"{host.proc}/self/smaps",
            "/proc/PID/smaps",
            "a kernel built with CONFIG_PROC_PAGE_MONITOR=y",
            f"{REFERENCED}, task_working_set_size_bytes",
            option,
        ),
        capability(
            Capability.SYS_PTRACE, "to see what processes of other users reference", f"{REFERENCED} {OF_OTHERS}", option
        ),
        capability(
            Capability.DAC_OVERRIDE,
            "to let the kernel forget what processes of other users referenced",
            f"task_working_set_size_bytes {OF_OTHERS}",
            option,
        ),
        host_processes(REFERENCED, option),
        visible_processes(f"{REFERENCED} {OF_OTHERS}", option),
    ]
