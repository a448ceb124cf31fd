"""What a step of `rdt` costs on a machine made of files: `python -m plugins.wca_rdt.tests.resctrl.measure_cost`.

CPU time of the least of 30 steps, of the thread ids in it, and of the bare reads of the counters. Files are cheaper
than real counters, for each of which the kernel asks a CPU.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from wca_rdt.resctrl.collector import Rdt

from plugins.wca_rdt.tests.resctrl.folder import PATH, ResctrlFolder, l3, task_cgroup
from wca_core.linux.files import raise_open_files_limit
from wca_core.model.task import Task
from wca_core.testing import Machine, make_task, running

TASKS = (10, 100, 300)
THREADS = 20
COUNTERS = {"mon_L3_00": l3(3_000_000, 2_000_000, 100_000), "mon_L3_01": l3(3_000_000, 2_000_000, 100_000)}
STEPS = 30


def machine_with(folder: Path, count: int) -> tuple[Machine, list[Task]]:
    """Tasks whose threads are all in their groups."""
    machine = Machine(folder)
    resctrl = ResctrlFolder(machine).counters("", COUNTERS)
    for number in range(count):
        threads = range(1000 + number * THREADS, 1000 + (number + 1) * THREADS)
        task_cgroup(machine, f"/t{number}", threads)
        resctrl.group(f"mon_groups/t{number}", COUNTERS, threads)
    return machine, [make_task(f"/t{number}") for number in range(count)]


def least(prepare: Callable[[], object], act: Callable[[], object]) -> float:
    """Milliseconds of CPU time."""
    seen = []
    for _ in range(STEPS):
        prepare()
        started = time.process_time()
        act()
        seen.append(time.process_time() - started)
    return 1000 * min(seen)


def measure(count: int) -> str:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        machine, tasks = machine_with(Path(folder), count)
        plugin = Rdt(resctrl_path=PATH, cleanup_on_exit=False)
        with running(machine, [plugin], tasks) as agent:
            host, known = agent.host, agent.step().tasks
            step = least(host.look_around, lambda: list(plugin.collect_metrics(known)))
            threads = least(host.look_around, lambda: [host.processes.threads(task) for task in known])
            paths = [str(path) for path in Path(folder).glob("sys/fs/resctrl/mon_groups/*/mon_data/*/*")]
            files = [os.open(path, os.O_RDONLY) for path in paths]
            bare = least(lambda: None, lambda: [os.pread(file, 64, 0) for file in files])
            for file in files:
                os.close(file)
    return f"{count:5d} {step:8.2f} {threads:8.2f} {bare:8.2f}"


if __name__ == "__main__":
    logging.disable()
    raise_open_files_limit()
    print("tasks  step ms  threads  bare reads")
    for tasks in TASKS:
        print(measure(tasks))
