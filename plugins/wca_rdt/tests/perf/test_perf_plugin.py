"""`perf` as a plugin: what it describes, where its options stand, and what it says where it cannot count."""

from __future__ import annotations

import csv
import errno
import logging
from pathlib import Path

import pytest
from wca_rdt.perf.attributes import HARDWARE, Attributes
from wca_rdt.perf.cpus import Cpuset, IsCpus
from wca_rdt.perf.descriptors import RESERVE, Descriptors, NoDescriptors, open_files_limit
from wca_rdt.perf.metrics import Perf
from wca_rdt.perf.place import directory_of
from wca_rdt.perf.privileges import why_forbidden
from wca_rdt.perf.syscall import ANY_CPU, FD_CLOEXEC, NO_GROUP, OWN_PID, perf_event_open

from wca_core.doctor.examination import examine
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.linux.cgroup import Tree
from wca_core.linux.files import OpenFiles
from wca_core.registry import Registry
from wca_core.testing import Machine, check_plugin, make_task, run_step

CATALOGUE = Path(__file__).resolve().parents[4] / "tests" / "catalogue.csv"
KEYS = ("event_names", "perf_aggregate_cpus", "enable_derived_metrics")


def has_no_pmu() -> bool:
    """Whether the kernel answers that it has no cycles."""
    try:
        perf_event_open(bytes(Attributes(HARDWARE, 0, exclude_guest=True)), OWN_PID, ANY_CPU, NO_GROUP, FD_CLOEXEC)
    except OSError as error:
        return error.errno == errno.ENOENT
    return False


needs_no_pmu = pytest.mark.skipif(not has_no_pmu(), reason="this machine has a PMU, or does not let us count at all")


@pytest.mark.parametrize("aggregates", [True, False])
def test_it_describes_what_the_catalogue_says_it_measures(aggregates: bool) -> None:
    with CATALOGUE.open() as file:
        wanted = {row["name"]: row for row in csv.DictReader(file) if _is_of_perf(row)}

    described = {metric.name: metric for metric in check_plugin(Perf(perf_aggregate_cpus=aggregates))}

    assert set(wanted) <= described.keys()
    for name, row in wanted.items():
        assert (described[name].type, described[name].unit) == (row["type"], row["unit"]), name
        levels = ("cpu",) if name.startswith("task_") and not aggregates else ()
        assert described[name].levels == levels, name


def _is_of_perf(row: dict[str, str]) -> bool:
    of = " ".join(row.values())
    is_derived = row["name"].startswith("task_") and "enable_derived_metrics" in of
    return is_derived or ("event_names" in of and "uncore" not in of)


def test_keys_of_the_runners_mean_this_plugin() -> None:
    keys = Registry().runner_keys

    assert {keys[key].name for key in KEYS} == {"perf"}


def test_without_events_it_costs_and_yields_nothing(tmp_path: Path) -> None:
    found = run_step(Machine(tmp_path).cgroup_v2("/a", {}), [Perf()], [make_task("/a")])

    assert not [name for name in found.names if "perf" in name and not name.startswith("wca_plugin")]


@needs_no_pmu
def test_without_a_pmu_what_is_missing_is_said_once_and_the_rest_measured(caplog: pytest.LogCaptureFixture) -> None:
    plugin = Perf(event_names=["task_instructions", "task_cycles", "task_task_clock_seconds"])

    with caplog.at_level(logging.WARNING, "wca.perf"):
        run_step(Host(), [plugin])

    told = [record.message for record in caplog.records if record.name == "wca.perf"]
    assert told == ["task_instructions, task_cycles: left out: this machine does not count it (ENOENT)"]


@needs_no_pmu
def test_without_any_event_left_the_agent_runs_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "wca.perf"):
        found = run_step(Host(), [Perf(event_names=["task_cycles"])])

    assert found.value("wca_plugin_up", plugin="perf") == 1
    assert "no event is left that this machine counts" in caplog.text


def test_cpus_that_are_not_there_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "wca.perf"):
        try:
            run_step(Host(), [Perf(event_names=["task_page_faults"], perf_cpus="4000-4001")])
        except StartError as error:
            pytest.skip(f"nothing is counted here: {error}")

    assert "none of the CPUs 4000-4001 is online" in caplog.text


@needs_no_pmu
def test_strict_refuses_to_start_and_says_why() -> None:
    with pytest.raises(StartError, match=r"the kernel refused task_cycles .*ENOENT"):
        run_step(Host(), [Perf(event_names=["task_cycles"], perf_event_policy="strict")])


def test_a_name_that_is_nowhere_refuses_to_start_under_every_policy() -> None:
    with pytest.raises(StartError, match="perf cannot start: event_names: there is no event 'task_cylces'"):
        run_step(Host(), [Perf(event_names=["task_cylces"], perf_event_policy="best_effort")])


@needs_no_pmu
def test_the_doctor_tells_which_events_are_not_counted() -> None:
    found = examine("perf", Perf(event_names=["task_cycles", "task_page_faults"]), Host())

    [trial] = [one for one in found.findings if "task_cycles" in one.requirement.need]
    assert trial.found == "task_cycles: this machine does not count it (ENOENT)"
    assert not trial.is_refusal


def test_who_lacks_the_capability_is_told_so(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file("/proc/sys/kernel/perf_event_paranoid", "2\n")

    machine.file("/proc/self/status", "CapEff:\t0000000000000000\nSeccomp:\t0\n")
    plain = why_forbidden(machine.host().proc)
    machine.file("/proc/self/status", "CapEff:\t0000004000000000\nSeccomp:\t2\n")
    confined = why_forbidden(machine.host().proc)

    assert plain == "this process has neither CAP_PERFMON nor CAP_SYS_ADMIN and perf_event_paranoid is 2"
    assert confined == "it has the capability, so its seccomp filter refuses the system call"


@pytest.mark.parametrize("value", ["0-3,8", 0, "cpuset"])
def test_cpus_are_a_list_or_those_of_the_task(value: str | int) -> None:
    IsCpus().check(value)


@pytest.mark.parametrize("value", ["", "all", "3-1", -1])
def test_other_words_for_cpus_are_refused(value: str | int) -> None:
    with pytest.raises(ValueError, match="a list of CPUs"):
        IsCpus().check(value)


def test_the_cpus_of_a_task_are_those_of_the_nearest_cgroup_that_tells(tmp_path: Path) -> None:
    inner = tmp_path / "pod" / "container"
    inner.mkdir(parents=True)
    (tmp_path / "pod" / "cpuset.cpus.effective").write_text("1-2,7\n")
    tree = Tree(str(tmp_path))

    assert Cpuset(tree, "cpuset.cpus.effective", "/pod/container").cpus((0, 1, 2, 3)) == (1, 2)
    assert Cpuset(tree, "cpuset.cpus.effective", "/other").cpus((0, 1)) == (0, 1)


def test_a_task_is_counted_in_the_v1_tree_of_perf_event_if_there_is_one(tmp_path: Path) -> None:
    hybrid = Machine(tmp_path / "a").cgroup_v1("/x", {"cpu": {}}).cgroup_v2("/x", {}).host()
    v1 = Machine(tmp_path / "b").cgroup_v1("/x", {"perf_event": {}}).cgroup_v2("/x", {}).host()
    task = make_task("/x", controller_paths={"perf_event": "/elsewhere"})

    assert directory_of(hybrid.hierarchies, task, "/x") == f"{tmp_path}/a/sys/fs/cgroup/unified/x"
    assert directory_of(v1.hierarchies, task, "/x") == f"{tmp_path}/b/sys/fs/cgroup/perf_event/elsewhere"


def test_files_of_cgroups_keep_what_they_were_promised() -> None:
    limit = open_files_limit()
    promised = limit - RESERVE - 10
    descriptors = Descriptors(OpenFiles(promised))

    descriptors.take(10)
    with pytest.raises(NoDescriptors, match=f"needs 1 file descriptors, limit {limit}: counters hold 10"):
        descriptors.take(1)
    descriptors.give_back(4)
    descriptors.take(4)

    assert (descriptors.held, descriptors.releases) == (10, 1)
