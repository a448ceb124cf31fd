"""The fields of an AllocationRunner in both forms, and what is plugged in where something allocates."""

from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from wca_core.builtin.nop import NOPAllocator
from wca_core.builtin.static_allocator.allocator import StaticAllocator
from wca_core.configuration import Configured, Request, configured
from wca_core.dispatch import Binding, Dispatcher
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.errors import ConfigurationError, StartError
from wca_core.model.allocation import AllocationType
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.statistics import Statistics
from wca_core.outline import outline
from wca_core.plan import Plugged
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings
from wca_core.testing import Machine

MEASURED = """
  measurement_runner: !MeasurementRunner
    node: !StaticNode {tasks: [task1]}
"""


@plugin(api=1)
class Planner:
    """Plans writes, and would measure too."""

    @hookimpl
    def collect_metrics(self) -> None:
        return None

    @hookimpl
    def plan_writes(self) -> None:
        return None


@plugin(api=1)
class Wisher:
    @hookimpl
    def allocate(self) -> None:
        return None


def asked(tmp_path: Path, text: str) -> Configured:
    path = tmp_path / "wca.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return configured(Request(file=str(path)))


def runner(tmp_path: Path, fields: str) -> Configured:
    allocator = "" if "allocator:" in fields else "\n  allocator: !NOPAllocator"
    return asked(tmp_path, f"runner: !AllocationRunner{MEASURED}{fields}{allocator}\n")


ALL = {
    "dry_run": "true",
    "restore_on_exit": "managed",
    "restore_state_file": "/run/x",
    "reconcile": "30",
    "guard_rails": "!GuardRails {min_cpu_quota: 0.1, allowed_types: [rdt], actions: {min_cpu_quota: refuse}}",
    "audit_log": "/var/log/x",
    "on_invalid": "ignore_task",
    "rollback": "none",
    "ignore_unsupported": "true",
    "allocate_timeout": "2.5",
    "max_consecutive_plugin_errors": "3",
}


@pytest.mark.parametrize("form", ["tree", "short"])
def test_every_field_can_be_set_in_both_forms(tmp_path: Path, form: str) -> None:
    fields = "\n".join(f"  {name}: {value}" for name, value in ALL.items())
    short = f"agent:\n{fields}\nplugins: {{nop-allocator: {{}}, static: {{tasks: [a]}}}}\n"

    plan = (asked(tmp_path, short) if form == "short" else runner(tmp_path, fields)).plan()

    found = plan.allocation
    assert type(found) is AllocationSettings
    assert isinstance(found.guard_rails, GuardRails)
    assert (found.guard_rails.min_cpu_quota, found.guard_rails.allowed_types) == (0.1, [AllocationType.RDT])
    assert not found.guard_rails.clamps("min_cpu_quota")
    assert (found.dry_run, found.restore_on_exit, found.restore_state_file) == (True, "managed", "/run/x")
    assert (found.reconcile, found.audit_log, found.on_invalid, found.rollback) == (
        30,
        "/var/log/x",
        "ignore_task",
        "none",
    )
    assert (found.ignore_unsupported, found.allocate_timeout, found.max_consecutive_plugin_errors) == (True, 2.5, 3)


@pytest.mark.parametrize("word", ["off", "each_iteration", "0.5"])
def test_reconcile_takes_words_and_seconds(tmp_path: Path, word: str) -> None:
    found = runner(tmp_path, f"  reconcile: {word}").plan().allocation.reconcile

    assert str(found) == word


@pytest.mark.parametrize(
    "field",
    [
        "reconcile: sometimes",
        "reconcile: -1",
        "restore_on_exit: all",
        "on_invalid: die",
        "rollback: all",
        "guard_rails: !GuardRails {min_cpu_quota: 2}",
        "guard_rails: !GuardRails {allowed_types: [cpu]}",
        "guard_rails: !GuardRails {actions: {protected_tasks: clamp}}",
        "guard_rails: !GuardRails {reserved_cpus: '0'}",
        "max_consecutive_plugin_errors: -1",
        "audit: /x",
    ],
)
def test_a_wrong_field_is_refused_with_its_line(tmp_path: Path, field: str) -> None:
    with pytest.raises(ConfigurationError, match=r"wca.yaml:4"):
        runner(tmp_path, f"  {field}")


def test_old_files_with_their_fields_below_config_and_measurement_beside_still_mean_the_same(tmp_path: Path) -> None:
    text = """
runner: !AllocationRunner
  config: !AllocationRunnerConfig
    node: !StaticNode {tasks: [task1]}
    dry_run: true
    allocator: !StaticAllocator
      rules: [{allocations: {rdt: {name: be, l3: 'L3:0=f'}}}]
"""

    plan = asked(tmp_path, text).plan()

    (allocator,) = [one.plugin for one in plan.bindings if isinstance(one.plugin, StaticAllocator)]
    assert allocator.rules == [{"allocations": {"rdt": {"name": "be", "l3": "L3:0=f"}}}]
    assert plan.allocation.dry_run


def test_an_rdt_allocation_can_be_written_with_its_tag(tmp_path: Path) -> None:
    rule = "{allocations: {rdt: !RDTAllocation {name: be, mb: 'MB:0=20'}}}"

    plan = runner(tmp_path, f"  allocator: !StaticAllocator {{rules: [{rule}]}}").plan()

    (allocator,) = [one.plugin for one in plan.bindings if isinstance(one.plugin, StaticAllocator)]
    assert allocator.rules == [{"allocations": {"rdt": RDTAllocation(name="be", mb="MB:0=20")}}]


def test_a_dry_plan_is_the_same_without_writes(tmp_path: Path) -> None:
    plan = runner(tmp_path, "  reconcile: each_iteration").plan()

    dry = plan.dry

    assert (plan.allocation.dry_run, dry.allocation.dry_run, dry.allocation.reconcile) == (
        False,
        True,
        "each_iteration",
    )
    assert dry.bindings == plan.bindings


# -- what is plugged in --------------------------------------------------------------------------


def registry(*offers: tuple[str, str, str]) -> Registry:
    """Of plugins: name, class of this module, package."""
    points = []
    for name, cls, package in offers:
        point = EntryPoint(name, f"{cls}", "wca.plugins")
        points.append(point._for(SimpleNamespace(name=package, version="1.0")))  # type: ignore[attr-defined]
    return Registry(points)


def plugged(registry_of: Registry, *plugins: object) -> list[Binding]:
    found = Plugged(registry_of)
    for one in plugins:
        found.add_whole(one)
    found.add_planners()
    return list(found.bindings)


PLANNER, WISHER = f"{__name__}:Planner", f"{__name__}:Wisher"


def test_what_plans_writes_in_a_package_of_a_plugin_is_plugged_in_for_nothing_else() -> None:
    bindings = plugged(registry(("planner", PLANNER, "acme"), ("wisher", WISHER, "acme")), Wisher())

    assert [binding.name for binding in bindings] == ["wisher", "planner"]
    dispatcher = Dispatcher(bindings, Statistics())
    assert [one.name for one in dispatcher.with_hook("plan_writes")] == ["planner"]
    assert dispatcher.with_hook("collect_metrics") == []


def test_what_plans_writes_in_another_package_is_not() -> None:
    bindings = plugged(registry(("planner", PLANNER, "other"), ("wisher", WISHER, "acme")), Wisher())

    assert [binding.name for binding in bindings] == ["wisher"]


def test_the_built_in_control_of_cgroups_always_is_and_once() -> None:
    offers = ("cgroup-control", PLANNER, "wca-core"), ("wisher", WISHER, "acme")

    assert [one.name for one in plugged(registry(*offers), Wisher())] == ["wisher", "cgroup-control"]
    assert [one.name for one in plugged(registry(*offers), Planner(), Wisher())] == ["cgroup-control", "wisher"]


def test_check_shows_who_is_called_when_something_allocates(tmp_path: Path) -> None:
    text = outline(runner(tmp_path, "  dry_run: true"))

    assert "  dry_run: true\n" in text
    assert "#   allocate           nop-allocator" in text


def test_an_agent_that_does_not_allocate_has_no_planners() -> None:
    plan = configured(Request(plugins=("static",), overrides=("static.tasks=[a]",))).plan()

    assert not any(isinstance(one.plugin, NOPAllocator) for one in plan.bindings)
    assert "cgroup-control" not in {one.name for one in plan.bindings}


def test_an_agent_that_shall_put_back_does_not_start_without_its_journal(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    fields = f"  restore_on_exit: managed\n  restore_state_file: {tmp_path / 'directory'}"
    agent = runner(tmp_path, fields).plan().agent(Machine(tmp_path / "machine").cgroup_v2("/a", {}).host())

    with pytest.raises(StartError, match="journal"):
        agent.start()
