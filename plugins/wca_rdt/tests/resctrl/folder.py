"""resctrl as a folder of files: what is read there, and nothing that a kernel would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from wca_core.testing import Machine

PATH = "/sys/fs/resctrl"
INTEL_FEATURES = "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n"

Domains: TypeAlias = Mapping[str, Mapping[str, object]]
"""What the files below `mon_data` say, by directory: `{"mon_L3_00": {"llc_occupancy": 1}}`."""


def l3(total: object, local: object, occupancy: object) -> dict[str, object]:
    """The files of one L3 cache."""
    return {"mbm_total_bytes": total, "mbm_local_bytes": local, "llc_occupancy": occupancy}


class ResctrlFolder:
    """A resctrl of a fake machine, mounted where it usually is."""

    def __init__(self, machine: Machine, features: str | None = INTEL_FEATURES) -> None:
        self.machine = machine
        self.path = Path(machine.root) / PATH.lstrip("/")
        self.info("L3_MON", num_rmids="16\n", max_threshold_occupancy="65536\n")
        if features is not None:
            self.info("L3_MON", mon_features=features)
        self.group("", {}, ())
        (self.path / "mon_groups").mkdir(exist_ok=True)

    def info(self, directory: str, **files: str) -> ResctrlFolder:
        """Files of `info`."""
        for name, text in files.items():
            self.machine.file(f"{PATH}/info/{directory}/{name}", text)
        return self

    def mounted(self, options: str = "rw") -> ResctrlFolder:
        """Among the mounts of the machine."""
        mounts = (self.machine.root / "proc/self/mountinfo").read_text()
        line = f"99 1 0:99 / {PATH} rw,relatime - resctrl resctrl {options}\n"
        self.machine.file("/proc/self/mountinfo", mounts + line)
        return self

    def group(self, directory: str, domains: Domains, threads: Iterable[int]) -> ResctrlFolder:
        """A group with its counters and threads; `mon_groups/a` is a monitoring group of the root."""
        self.counters(directory, domains)
        text = "".join(f"{thread}\n" for thread in threads)
        self.machine.file(f"{PATH}/{directory}/tasks", text)
        (self.path / directory / "mon_data").mkdir(exist_ok=True)
        return self

    def control(self, name: str, threads: Iterable[int] = ()) -> ResctrlFolder:
        """A control group."""
        self.group(name, {}, threads)
        (self.path / name / "mon_groups").mkdir()
        return self

    def counters(self, directory: str, domains: Domains) -> ResctrlFolder:
        """What the counters of a group say from now on."""
        for domain, files in domains.items():
            for name, value in files.items():
                self.machine.file(f"{PATH}/{directory}/mon_data/{domain}/{name}", f"{value}\n")
        return self


def task_cgroup(machine: Machine, path: str, threads: Iterable[int]) -> None:
    """A cgroup with these threads."""
    machine.cgroup_v2(path, {"cgroup.threads": "".join(f"{thread}\n" for thread in threads)})
