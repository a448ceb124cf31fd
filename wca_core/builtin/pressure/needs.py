"""What pressure stall information needs of a machine."""

from __future__ import annotations

from wca_core.host import Host
from wca_core.linux.controllers import has_processes
from wca_core.linux.processes import subtree
from wca_core.model.requirement import Requirement
from wca_core.needs import PRESSURE_CURE, kernel_file, why_unreadable


def needs(*, is_on: bool) -> list[Requirement]:
    """`is_on`: whether it is asked for."""
    option = "" if is_on else "psi"
    return [
        kernel_file(
            lambda host: f"{host.proc}/pressure/cpu",
            "pressure stall information of the kernel",
            PRESSURE_CURE,
            "platform_pressure_*, task_pressure_*",
            option,
        ),
        Requirement(
            need="cgroups of v2, which alone tell the pressure of tasks",
            is_met=_has_pressure_of_tasks,
            found=_why_not,
            cure="boot with systemd.unified_cgroup_hierarchy=1 (and psi=1)",
            required=False,
            lost="task_pressure_*",
            only_with=option,
        ),
    ]


def _has_pressure_of_tasks(host: Host) -> bool:
    return _why_not(host) == ""


def _why_not(host: Host) -> str:
    """On a hybrid host all processes may be in the trees of v1 only: the top of the other one then has them all."""
    unified = host.hierarchies.unified
    if unified is None:
        return "only v1 is mounted"
    of_tasks = (directory for directory in subtree(unified.directory) if has_processes(directory))
    top = None if host.hierarchies.v1 else unified.directory
    directory = next((one for one in of_tasks if one != unified.directory), top)
    if directory is None:
        return f"no cgroup below {unified.directory} holds processes"
    return why_unreadable(f"{directory}/cpu.pressure") or ""
