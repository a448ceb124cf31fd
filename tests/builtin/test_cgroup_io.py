"""Block I/O of tasks: a set of devices that changes while it is counted."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.cgroup.descriptions import IO_METRICS
from wca_core.builtin.cgroup.io import IoSums
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.linux.block_devices import BlockDevices
from wca_core.linux.cgroup_v2 import IO_STAT, parse_io_stat
from wca_core.testing import Machine, Measured, check_plugin, make_task, run_step, running

NAMES = [metric.name for metric in IO_METRICS]
KEYS = dict(zip(NAMES, IO_STAT, strict=True))


def line(device: str, *numbers: int) -> str:
    """Numbers: bytes read, written and discarded, then how often."""
    return f"{device} {' '.join(f'{key}={number}' for key, number in zip(IO_STAT, numbers, strict=True))}\n"


def machine_with(root: Path, *stacked: str) -> Machine:
    machine = Machine(root)
    for device in stacked:
        machine.file(f"/sys/dev/block/{device}/slaves/sda", "")
    return machine


def values(step: Measured, **labels: str) -> list[float | None]:
    return [step.value(name, **labels) for name in NAMES]


def test_io_of_all_devices_is_added_up_without_those_that_stand_on_others(tmp_path: Path) -> None:
    numbers = "rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0"
    text = f"8:0 {numbers}\n253:0 {numbers}\n" + line("8:16", 10, 20, 30, 40, 50, 60) + line("7:0", 9, 9, 9, 9, 9, 9)
    machine = machine_with(tmp_path, "253:0").cgroup_v2("/a", {"io.stat": text})

    step = run_step(machine, [CgroupMetrics()], [make_task("/a")])

    assert values(step) == [11, 22, 30, 43, 54, 60]


def test_the_same_is_told_on_v1(tmp_path: Path) -> None:
    def text(device: str, *numbers: int) -> str:
        pairs = zip(("Read", "Write", "Discard", "Sync", "Total"), (*numbers, 99, 99), strict=True)
        return "".join(f"{device} {kind} {number}\n" for kind, number in pairs)

    files = {
        "blkio.throttle.io_service_bytes_recursive": text("8:0", 1, 2, 3) + text("253:0", 1, 2, 3) + "Total 99\n",
        "blkio.throttle.io_service_bytes": "Total 77\n",
        "blkio.throttle.io_serviced": text("8:0", 4, 5, 6) + text("8:16", 10, 20, 30) + "Total 99\n",
    }
    machine = machine_with(tmp_path, "253:0").cgroup_v1("/a", {"blkio": files})

    step = run_step(machine, [CgroupMetrics()], [make_task("/a")])

    assert values(step) == [1, 2, 3, 14, 25, 36]


@pytest.mark.parametrize("text", ["", "8:0\n", "8:0 \n7:1 8:16\n", "8:0 cost.usage=7\n"])
def test_a_task_that_did_no_io_has_done_none(tmp_path: Path, text: str) -> None:
    step = run_step(Machine(tmp_path).cgroup_v2("/a", {"io.stat": text}), [CgroupMetrics()], [make_task("/a")])

    assert values(step) == [0] * 6


def test_kernels_that_do_not_count_discards_do_not_tell_any(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"io.stat": ""})
    told = []

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for text in ("", "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n"):
            machine.cgroup_v2("/a", {"io.stat": text})
            told.append(values(Measured(agent.step(), agent.host.statistics)))

    assert told == [[0] * 6, [1, 2, None, 3, 4, None]]


def test_each_device_is_told_when_asked_for_also_one_that_stands_on_another(tmp_path: Path) -> None:
    text = line("253:0", 1, 2, 3, 4, 5, 6) + "8:0\n" + line("8:16", 7, 8, 9, 10, 11, 12)
    machine = machine_with(tmp_path, "253:0").cgroup_v2("/a", {"io.stat": text})
    plugin = CgroupMetrics(io_per_device=True)

    step = run_step(machine, [plugin], [make_task("/a")])

    assert values(step, device="253:0") == [1, 2, 3, 4, 5, 6]
    assert values(step, device="8:16") == [7, 8, 9, 10, 11, 12]
    assert len(step.samples("task_io_reads")) == 2
    described = {metric.name: metric.levels for metric in check_plugin(plugin)}
    assert {described[name] for name in NAMES} == {("device",)}


def test_the_option_changes_nothing_for_another_plugin_in_the_same_process() -> None:
    check_plugin(CgroupMetrics(io_per_device=True))

    assert {metric.name: metric.levels for metric in check_plugin(CgroupMetrics())}["task_io_reads"] == ()


def steps_with(root: Path, texts: Iterable[str], **options: bool) -> list[Measured]:
    """A step for each text of the io.stat of /a, beside a task /b that stays as it is."""
    machine = Machine(root).cgroup_v2("/a", {"io.stat": ""}).cgroup_v2("/b", {"io.stat": line("8:0", *[1] * 6)})
    with running(machine, [CgroupMetrics(**options)], [make_task("/a"), make_task("/b")]) as agent:
        steps = []
        for text in texts:
            machine.cgroup_v2("/a", {"io.stat": text})
            steps.append(Measured(agent.step(), agent.host.statistics))
    assert all(step.value("task_io_reads", task="/b") == 1 for step in steps)
    assert agent.host.statistics.plugin("cgroup").errors == {}
    return steps


def test_devices_that_come_and_change_their_order_are_counted_on(tmp_path: Path) -> None:
    one, other = line("8:0", 1, 0, 0, 1, 0, 0), line("8:16", 20, 0, 0, 2, 0, 0)

    steps = steps_with(tmp_path, ["", "", "", one, other + one, one + other, one + other, other + one])

    assert [step.value("task_io_read_bytes", task="/a") for step in steps] == [0, 0, 0, 1, 21, 21, 21, 21]


def test_what_was_counted_on_a_device_stays_counted_when_it_is_taken_away_and_comes_back_new(tmp_path: Path) -> None:
    one = line("8:0", 100, 0, 0, 1, 0, 0)
    texts = [one + line("8:16", number, 0, 0, 1, 0, 0) if number else one for number in (50, 50, 60, 0, 0, 5, 6)]

    steps = steps_with(tmp_path, texts)

    assert [step.value("task_io_read_bytes", task="/a") for step in steps] == [150, 150, 160, 160, 160, 165, 166]


def test_what_was_counted_on_a_device_stays_counted_when_another_file_has_its_task_opened_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    found = []

    with running(machine.cgroup_v2("/a", {"pids.max": "max\n"}), [CgroupMetrics()], [make_task("/a")]) as agent:
        for text, limit in (("8:0 8:16", "max"), ("8:16", "max"), ("8:16", "40"), ("8:16", "40"), ("", "max")):
            lines = "".join(line(device, 100, 0, 0, 1, 0, 0) for device in text.split())
            machine.cgroup_v2("/a", {"io.stat": lines, "pids.max": f"{limit}\n"})
            found.append(Measured(agent.step(), agent.host.statistics).value("task_io_read_bytes"))

    assert found == [200] * 5


def test_a_device_that_starts_from_zero_counts_on(tmp_path: Path) -> None:
    texts = [line("8:0", number, 0, 0, 1, 0, 0) + line("8:16", 7, 0, 0, 1, 0, 0) for number in (100, 3, 4)]

    steps = steps_with(tmp_path, texts)

    assert [step.value("task_io_read_bytes", task="/a") for step in steps] == [107, 110, 111]


def test_on_v1_a_cgroup_below_that_is_removed_does_not_add_what_the_others_had_counted(tmp_path: Path) -> None:
    machine, found = Machine(tmp_path), []

    with running(machine.cgroup_v1("/a", {"blkio": {}}), [CgroupMetrics()], [make_task("/a")]) as agent:
        for read in (1000, 1010, 1000, 1010, 1000, 0, 5):
            text = f"8:0 Read {read}\n8:0 Write 0\n8:0 Discard 0\nTotal {read}\n"
            machine.cgroup_v1("/a", {"blkio": {"blkio.throttle.io_service_bytes_recursive": text}})
            found.append(Measured(agent.step(), agent.host.statistics).value("task_io_read_bytes"))

    assert found == [1000, 1010, 1010, 1020, 1020, 1020, 1025]


def test_by_device_a_new_one_is_told_at_once_and_one_that_left_no_more(tmp_path: Path) -> None:
    one, other = line("8:0", *[1] * 6), line("8:16", *[2] * 6)

    steps = steps_with(tmp_path, ["", one, one, one + other, other + one, other, other, other], io_per_device=True)

    counts = [[step.value("task_io_reads", task="/a", device=device) for device in ("8:0", "8:16")] for step in steps]
    assert counts == [[None, None], [1, None], [1, None], [1, 2], [1, 2], [None, 2], [None, 2], [None, 2]]


NUMBERS = st.lists(st.integers(0, 2**40), min_size=6, max_size=6)
STEPS = st.lists(st.dictionaries(st.sampled_from(["8:0", "8:16", "259:1"]), NUMBERS), min_size=1, max_size=8)


@given(STEPS)
def test_the_sum_is_all_that_was_ever_counted_whichever_devices_are_there(steps: list[dict[str, list[int]]]) -> None:
    reader = IoSums(parse_io_stat, [*zip(IO_METRICS, IO_STAT, strict=True)], BlockDevices("/nowhere"), False, b"")
    counted: dict[str, list[int]] = {}
    left = [0] * 6

    for devices in steps:
        found = reader.read("".join(line(device, *numbers) for device, numbers in devices.items()).encode())
        for device, before in counted.items():
            if any(new < old for new, old in zip(devices.get(device, [-1]), before, strict=False)):
                left = [a + b for a, b in zip(left, before, strict=True)]
        counted = devices

        assert found == [sum(column) for column in zip(left, *counted.values(), strict=True)]
