"""What finding the tasks of a Mesos agent needs of a machine."""

from __future__ import annotations

from wca_core.linux.namespaces import is_own
from wca_core.model.requirement import Requirement
from wca_core.needs import PID_NAMESPACE_CURE, visible_processes

NEEDS = [
    Requirement(
        need="the PID namespace of the host, in which the Mesos agent tells pids",
        is_met=lambda host: is_own(host.proc, "pid") is not True,
        found=lambda host: "this is a container with one of its own",
        cure=PID_NAMESPACE_CURE,
        required=False,
        lost="all tasks",
    ),
    Requirement(
        need="the cgroup namespace of the host, in which cgroups have the paths that Mesos gave them",
        is_met=lambda host: is_own(host.proc, "cgroup") is not True,
        found=lambda host: "this is a container with one of its own",
        cure="--cgroupns=host for the container",
        required=False,
        lost="all tasks",
    ),
    visible_processes("all tasks"),
]
