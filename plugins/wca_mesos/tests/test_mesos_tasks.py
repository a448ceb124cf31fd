"""From what runs and where it is to tasks: groups, tasks of their own, and no cgroup twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_mesos.state import Container, Running, parse_containers, parse_state
from wca_mesos.tasks import MesosTask, Sight, root_path, tasks_of

from plugins.wca_mesos.tests.given import (
    API,
    API_PID,
    AURORA_CONTAINER,
    AURORA_PID,
    LOG,
    LOG_PID,
    PLACE,
    ROOT,
    ROOT_PID,
    fixture,
)

API_PATH, LOG_PATH = f"/mesos/{ROOT}/mesos/{API}", f"/mesos/{ROOT}/mesos/{LOG}"
OWN = {ROOT_PID: f"/mesos/{ROOT}", API_PID: API_PATH, LOG_PID: LOG_PATH}
"""All containers of the group have cgroups of their own."""
SHARED = dict.fromkeys(OWN, f"/mesos/{ROOT}")


def one(task_id: str, pid: int = 1, container: Container = ("c",), **fields: object) -> Running:
    return Running(task_id=task_id, name=task_id, executor_pid=pid, container=container, **fields)  # type: ignore[arg-type]


def found(running: Sequence[Running], paths: Mapping[int, str]) -> tuple[list[str], list[str]]:
    tasks, complaints = tasks_of(running, Sight(paths=paths), {}, separate=False)
    return [task.task_id for task in tasks], complaints


def of_group(
    paths: Mapping[int, str], *, separate: bool = False, listed: bool = False, free: Sequence[str] = ()
) -> list[MesosTask]:
    state = parse_state(fixture("group"), PLACE)
    pids = parse_containers(fixture("group_containers"), PLACE) if listed else {}
    sight = Sight(pids=pids, paths=paths, without_limits=frozenset(free))
    tasks, complaints = tasks_of(state.running, sight, state.executors, separate=separate)
    assert complaints == []
    return tasks


def test_a_task_has_its_fields_from_the_answer_and_its_cgroup_from_its_pid() -> None:
    state = parse_state(fixture("aurora"), PLACE, ["org.apache.", "aurora.metadata."])
    path = f"/mesos/{AURORA_CONTAINER}"

    (task,), complaints = tasks_of(state.running, Sight(paths={AURORA_PID: path}), state.executors, separate=False)

    (running,) = state.running
    assert task == MesosTask(
        task_id=running.task_id,
        name="www-data/prod/web",
        cgroup_path=path,
        subcgroups_paths=(),
        labels={"aurora_tier": "preferred", "load_generator": "wrk", "team": "search", "my_label": ""},
        resources={"cpus": 1.5, "mem": 128e6, "disk": 64e6},
        executor_pid=AURORA_PID,
        container_id=AURORA_CONTAINER,
        executor_id=running.executor_id,
        agent_id=running.agent_id,
        framework_id=running.framework_id,
    )
    assert complaints == []


def test_a_task_without_resources_has_those_of_its_executor() -> None:
    running = [one("t1", framework_id="f", executor_id="e"), one("t2", 2, framework_id="g", executor_id="e")]

    (first, second), _ = tasks_of(running, Sight(paths={1: "/a", 2: "/b"}), {("f", "e"): {"cpus": 2.0}}, separate=False)

    assert (first.resources, second.resources) == ({"cpus": 2.0}, {})


def test_of_tasks_with_one_pid_the_first_by_id_has_the_cgroup() -> None:
    ids, complaints = found([one("b"), one("a"), one("c", 2)], {1: "/x", 2: "/y"})

    assert ids == ["a", "c"]
    (complaint,) = complaints
    assert "task b is in cgroup /x together with task a" in complaint


def test_of_tasks_with_one_id_the_first_is_kept() -> None:
    ids, complaints = found([one("a", framework_id="f"), one("a", 2, framework_id="g")], {1: "/x", 2: "/y"})

    assert ids == ["a"]
    assert complaints == ["two tasks have the id a; that of framework g is left out"]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), max_size=6),
    st.lists(st.sampled_from(["/x", "/y"]), min_size=4, max_size=4),
)
def test_no_two_tasks_have_one_cgroup_or_one_id(drawn: list[tuple[str, int]], places: list[str]) -> None:
    paths = dict(enumerate(places, 1))

    tasks, complaints = tasks_of([one(*each) for each in drawn], Sight(paths=paths), {}, separate=False)

    assert len({task.cgroup_path for task in tasks}) == len({task.task_id for task in tasks}) == len(tasks)
    assert len(tasks) + len(complaints) == len(drawn)
    for task in tasks:
        rivals = [task_id for task_id, pid in drawn if paths[pid] == task.cgroup_path]
        assert task.task_id == min(rivals)


@pytest.mark.parametrize("listed", [True, False])
def test_a_group_is_one_task_with_the_containers_in_it(listed: bool) -> None:
    paths = OWN if listed else {pid: path for pid, path in OWN.items() if pid != ROOT_PID}

    (task,) = of_group(paths, listed=listed)

    assert (task.task_id, task.name, task.executor_id) == ("shop-executor",) * 3
    assert task.cgroup_path == f"/mesos/{ROOT}"
    assert task.subcgroups_paths == (API_PATH, LOG_PATH)
    assert task.labels == {"app": "shop"}
    assert task.resources == pytest.approx({"cpus": 0.7, "mem": 320e6})
    assert (task.container_id, task.executor_pid) == (ROOT, ROOT_PID if listed else None)


def test_containers_that_share_the_cgroup_of_the_group_are_measured_in_it() -> None:
    (task,) = of_group(SHARED)

    assert (task.cgroup_path, task.subcgroups_paths) == (f"/mesos/{ROOT}", ())

    (mixed,) = of_group({**OWN, LOG_PID: f"/mesos/{ROOT}"})

    assert (mixed.cgroup_path, mixed.subcgroups_paths) == (f"/mesos/{ROOT}", ())


def test_a_listed_container_without_a_task_is_part_of_its_group() -> None:
    state = parse_state(fixture("group"), PLACE)
    pids = {(ROOT,): ROOT_PID, (ROOT, API): API_PID, (ROOT, LOG): LOG_PID, (ROOT, "debug"): 5, (ROOT, API, "deep"): 6}
    debug = f"/mesos/{ROOT}/mesos/debug"
    sight = Sight(pids=pids, paths={**OWN, 5: debug, 6: f"{API_PATH}/mesos/deep"})

    ((task,), _) = tasks_of(state.running, sight, {}, separate=False)

    assert task.subcgroups_paths == (API_PATH, LOG_PATH, debug)


def test_separate_tasks_of_a_group_have_their_own_cgroups() -> None:
    api, log = of_group(OWN, separate=True)

    assert (api.task_id, api.cgroup_path, api.container_id) == ("shop.api", API_PATH, API)
    assert (log.task_id, log.cgroup_path) == ("shop.log", LOG_PATH)
    assert api.labels == {"app": "shop", "part": "api"}
    assert api.resources == {"cpus": 0.5, "mem": 256e6}
    assert api.subcgroups_paths == ()


@pytest.mark.parametrize("paths", [SHARED, {**OWN, LOG_PID: f"/mesos/{ROOT}"}])
def test_where_one_has_no_cgroup_of_its_own_separate_tasks_are_a_group(paths: Mapping[int, str]) -> None:
    (task,) = of_group(paths, separate=True)

    assert task.task_id == "shop-executor"


def test_where_one_has_a_cgroup_without_limits_separate_tasks_are_a_group() -> None:
    (task,) = of_group(OWN, separate=True, free=[LOG_PATH])

    assert (task.task_id, task.subcgroups_paths) == ("shop-executor", ())


def test_a_group_without_an_executor_is_called_as_its_container() -> None:
    (task,), _ = tasks_of([one("t", 1, ("r", "n"))], Sight(paths={1: "/mesos/r/mesos/n"}), {}, separate=False)

    assert (task.task_id, task.name, task.cgroup_path) == ("r", "r", "/mesos/r")


@pytest.mark.parametrize("separate", [True, False])
def test_groups_and_tasks_stand_in_the_order_of_the_answer(separate: bool) -> None:
    running = [one("z", 1, ("r", "n1")), one("y", 2), one("x", 3, ("r", "n2")), one("w", 4)]
    paths = {1: "/mesos/r/mesos/n1", 2: "/mesos/y", 3: "/mesos/r/mesos/n2", 4: "/mesos/w"}

    tasks, _ = tasks_of(running, Sight(paths=paths), {}, separate=separate)

    assert [task.task_id for task in tasks] == (["z", "y", "x", "w"] if separate else ["r", "y", "w"])


@pytest.mark.parametrize(
    ("path", "container", "root"),
    [
        ("/mesos/r/mesos/n", ("r", "n"), "/mesos/r"),
        ("/mesos/r/mesos/n/mesos/m", ("r", "n", "m"), "/mesos/r"),
        ("/mesos/r", ("r", "n"), "/mesos/r"),
        ("/other/root/r/mesos/n", ("r", "n"), "/other/root/r"),
        ("/mesos/r", ("r",), "/mesos/r"),
    ],
)
def test_the_cgroup_of_the_root_container_is_that_around_all(path: str, container: Container, root: str) -> None:
    assert root_path(path, container) == root
