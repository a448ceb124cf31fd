"""LocalNode: which of the tasks found are measured."""

import json
from pathlib import Path

import pytest

from wca_core.builtin.local.node import LocalNode
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.testing import Machine

IDS = ["a1" * 32, "b2" * 32]
FULL = {"cgroup.procs": "7\n"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Two containers of Docker, `web-1` and `web-2`, two services and two other cgroups."""
    made = Machine(tmp_path)
    for number, one in enumerate(IDS, 1):
        made.cgroup_v2(f"/docker/{one}", FULL)
        known = {"Name": f"/web-{number}", "Config": {"Image": "web"}}
        made.file(f"/var/lib/docker/containers/{one}/config.v2.json", json.dumps(known))
    for path in ("/a/jobs/1", "/a/jobs/2", "/system.slice/cron.service", "/system.slice/ssh.service"):
        made.cgroup_v2(path, FULL)
    return made


def names(machine: Machine, node: LocalNode) -> list[str]:
    return [task.name for task in node.discover_tasks(machine.host())]


ALL = ["a/jobs/1", "a/jobs/2", "web-1", "web-2", "cron.service", "ssh.service"]


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ([], [], ALL),
        (["web-*"], [], ["web-1", "web-2"]),
        (["web-[2-9]", "ssh.servic?"], [], ["web-2", "ssh.service"]),
        (["/docker/*"], [], ["web-1", "web-2"]),
        (["/a/*"], [], ["a/jobs/1", "a/jobs/2"]),
        (["a/jobs/*"], ["*/2"], ["a/jobs/1"]),
        (["web"], [], []),
        (["WEB-*"], [], []),
        ([], ["/system.slice/*", "web-1"], ["a/jobs/1", "a/jobs/2", "web-2"]),
        (["web-1"], ["web-*"], []),
        ([], ["*"], []),
    ],
)
def test_patterns_are_held_against_the_whole_name_and_the_whole_path(
    machine: Machine, include: list[str], exclude: list[str], wanted: list[str]
) -> None:
    assert names(machine, LocalNode(include=include, exclude=exclude)) == wanted


def test_a_pattern_is_held_against_a_name_that_comes_late(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / f"var/lib/docker/containers/{IDS[0]}/config.v2.json"
    file.rename(tmp_path / "kept")
    node, host = LocalNode(include=["web-*"]), machine.host()
    before = [task.name for task in node.discover_tasks(host)]
    (tmp_path / "kept").rename(file)

    assert before == ["web-2"]
    assert [task.name for task in node.discover_tasks(host)] == ["web-1", "web-2"]


@pytest.mark.parametrize("field", ["include", "exclude"])
def test_an_empty_pattern_is_an_error(field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{field}: '' matches nothing"):
        LocalNode(**{field: ["web", ""]})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("maximum", "kept"),
    [
        (6, ALL),
        (3, ["web-1", "web-2", "cron.service"]),
        (1, ["web-1"]),
        (5, [name for name in ALL if name != "a/jobs/2"]),
    ],
)
def test_where_there_are_too_many_containers_go_first_then_services(
    machine: Machine, maximum: int, kept: list[str]
) -> None:
    assert names(machine, LocalNode(max_tasks=maximum)) == kept


def test_a_container_that_only_its_engine_knows_goes_first_too(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", FULL).cgroup_v2("/default/cache", FULL)
    bundle = json.dumps({"linux": {"cgroupsPath": "/default/cache"}})
    machine.file("/run/containerd/io.containerd.runtime.v2.task/default/cache/config.json", bundle)

    assert names(machine, LocalNode(max_tasks=1)) == ["cache"]


def test_too_many_are_told_once_until_there_are_no_longer(
    machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node, host = LocalNode(max_tasks=5), machine.host()
    counts = []

    for change in ("none", "none", "more", "fewer", "more"):
        jobs = tmp_path / "sys/fs/cgroup/a/jobs"
        if change == "more":
            machine.cgroup_v2("/a/jobs/3", FULL).cgroup_v2("/a/jobs/4", FULL)
        elif change == "fewer":
            jobs.rename(tmp_path / "removed")
        node.discover_tasks(host)
        counts.append(len(caplog.records))

    assert counts == [1, 1, 1, 1, 2]
    assert caplog.records[0].message == (
        "6 tasks run here, max_tasks is 5: 1 are not measured, such as a/jobs/2 "
        "(raise max_tasks, or choose with include and exclude)"
    )


def test_the_fields_are_checked_in_a_configuration() -> None:
    overrides = ("local.max_tasks=0", "local.include=[7]", "local.docker_directories=[a/../b]")

    with pytest.raises(ConfigurationError) as caught:
        configured(Request(plugins=("local",), overrides=overrides))

    assert "local.max_tasks" in str(caught.value)
    assert "local.include" in str(caught.value)
    assert "a path without '..'" in str(caught.value)


def test_the_configuration_that_the_documentation_shows_loads(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "how-to" / "see-what-runs-here.md"
    file = tmp_path / "wca.yaml"
    file.write_text(page.read_text().partition("```yaml\n")[2].partition("```")[0])

    plan = configured(Request(file=str(file))).plan()

    (node,) = [binding.plugin for binding in plan.bindings if isinstance(binding.plugin, LocalNode)]
    assert (node.include, node.exclude, node.max_tasks) == (["web-*", "/system.slice/*"], ["*.scope"], 200)
