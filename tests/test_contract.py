"""What third parties build on stays as it was agreed: names, signatures, fields, members, hooks."""

from __future__ import annotations

import ast
import copy
import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wca_core
from tests.contract import added, broken, contract, stored
from wca_core.plugin_api import API

ROOT = Path(__file__).resolve().parent.parent
FACADE = ROOT / "wca_core" / "__init__.py"
CLASSES = sorted(name for name in wca_core.__all__ if inspect.isclass(getattr(wca_core, name)))
FUNCTIONS = sorted(name for name in wca_core.__all__ if inspect.isfunction(getattr(wca_core, name)))

BREAKS = """
{0}

A plugin written for API {1} may rely on this. Keep it: a new argument has a default, an old name stays beside the new
one. What no plugin can notice (an argument of more types, another wording of the same type) may change as it is.
If it must go, the API version grows (API in wca_core/plugin_api.py, with what it means for older plugins), and the
changelog says how a plugin is changed; then: python -m tests.contract"""
ADDS = """
{0}

New for third parties, and hard to take back. If it is meant: a line in CHANGELOG.md, then: python -m tests.contract
"""


def test_nothing_that_third_parties_rely_on_is_gone_or_another() -> None:
    lost = list(broken(stored(), contract()))

    assert not lost, BREAKS.format("\n".join(lost), API)


def test_nothing_is_added_unnoticed() -> None:
    new = [] if list(broken(stored(), contract())) else list(added(stored(), contract()))

    assert not new, ADDS.format("\n".join(new))


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(of: dict[str, Any]) -> None:
        for step in path[:-1]:
            of = of[step]
        del of[path[-1]]

    return change


def with_parameter(*, required: bool) -> Callable[[dict[str, Any]], None]:
    new = {"name": "new", "type": "int", "how": "keyword_only", "required": required}
    return lambda of: of["wca_core"]["Task"]["made"].append(new)


def with_argument(of: dict[str, Any]) -> None:
    new = {"name": "new", "type": "int", "how": "positional_or_keyword", "required": True}
    of["hooks"]["detect"]["parameters"].insert(0, new)


def other_default(of: dict[str, Any]) -> None:
    (resource,) = [one for one in of["wca_core"]["Anomaly"]["made"] if one["name"] == "resource"]
    resource["default"] = "ContendedResource cpus"


def renamed_member(of: dict[str, Any]) -> None:
    members = of["wca_core"]["TaskClass"]["members"]
    members["BATCH"] = members.pop("BEST_EFFORT")


def renamed_argument(of: dict[str, Any]) -> None:
    of["hooks"]["detect"]["parameters"][0]["name"] = "seen"


def other_type(of: dict[str, Any]) -> None:
    of["wca_core"]["Task"]["fields"]["task_id"] = "int"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("wca_core", "Task"), "wca_core.Task is gone"),
        (without("hooks", "detect"), "hooks.detect is gone"),
        (without("wca_core", "AllocationType", "members", "RDT"), "AllocationType.members.RDT is gone"),
        (other_type, "task_id was 'str' and is 'int'"),
        (with_parameter(required=True), "new is required now"),
        (lambda of: of["wca_core"]["Task"]["made"].pop(0), "no parameter task_id any more"),
        (lambda of: of["wca_core"]["Allocation"]["made"].reverse(), "stands in another place"),
        (lambda of: of["wca_core"]["StartError"]["is"].clear(), "WcaError no longer"),
        (lambda of: of["wca_core"]["TaskClass"]["is"].remove("str"), "TaskClass.is: str no longer"),
        (lambda of: of["wca_core"]["History"]["can"].remove("__getitem__"), "History.can: __getitem__ no longer"),
        (lambda of: of["wca_core"]["Allocation"]["can"].remove("be a key"), "Allocation.can: be a key no longer"),
        (lambda of: of["wca_core"]["Snapshot"]["can"].remove("be assigned to"), "be assigned to no longer"),
        (other_default, "resource was"),
        (renamed_member, "TaskClass.members.BEST_EFFORT is gone"),
        (renamed_argument, "hooks.detect.parameters: no parameter snapshot any more"),
    ],
)
def test_a_change_that_breaks_plugins_is_noticed(change: Callable[[dict[str, Any]], None], told: str) -> None:
    changed = copy.deepcopy(stored())
    change(changed)

    assert told in "\n".join(broken(stored(), changed))


@pytest.mark.parametrize(
    "change", [with_parameter(required=False), with_argument, lambda of: of["hooks"].update(new={})]
)
def test_a_change_that_breaks_nothing_is_an_addition(change: Callable[[dict[str, Any]], None]) -> None:
    changed = copy.deepcopy(stored())
    change(changed)

    assert list(broken(stored(), changed)) == []
    assert len(list(added(stored(), changed))) == 1


# -- the names of the facade --------------------------------------------------------------------


def test_the_facade_says_the_same_three_times() -> None:
    """Names, where they are at home, and the imports that type checkers read."""
    tree = ast.parse(FACADE.read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }

    assert imports == wca_core._HOME_OF
    assert sorted(wca_core.__all__) == sorted(imports)
    assert wca_core.__all__ == sorted(wca_core.__all__)


def test_importing_the_facade_imports_nothing_else() -> None:
    program = "import sys, wca_core; print(*(name for name in sys.modules if name.startswith('wca_core')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.split() == ["wca_core"]


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS])
def test_every_name_has_a_docstring_of_its_own(name: str) -> None:
    value = getattr(wca_core, name)

    text = inspect.cleandoc(value.__doc__ or "")
    assert text
    assert not text.startswith(f"{name}(")  # made up by dataclasses
    assert text != inspect.cleandoc(getattr(value.__mro__[1], "__doc__", "") or "") if inspect.isclass(value) else True


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS])
def test_every_name_has_complete_types(name: str) -> None:
    described = contract()["wca_core"][name]

    signatures = [described] if "parameters" in described else [*described["members"].values()]
    parameters = [one for each in signatures if isinstance(each, dict) for one in each.get("parameters", ())]
    parameters += described.get("made", [])
    untyped = [one["name"] for one in parameters if "_empty" in one["type"]]
    untyped += [one["gives"] for one in signatures if isinstance(one, dict) and "_empty" in one.get("gives", "")]
    assert untyped == []


def test_a_plugin_that_uses_every_name_is_well_typed_for_a_third_party(tmp_path: Path) -> None:
    """As in an installed package: by the strictest rules, without ours."""
    pytest.importorskip("mypy")
    names = ", ".join(wca_core.__all__)
    (tmp_path / "acme.py").write_text(f"{SAMPLE}\n\nfrom wca_core import {names}\n\nEVERY = ({names})\n")
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\nfollow_imports = silent\nenable_error_code = redundant-expr\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache" / "contract"), "acme.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )

    assert done.returncode == 0, done.stdout + done.stderr


SAMPLE = '''
"""A detector and an allocator of a third party."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from wca_core import (
    Allocation,
    AllocationType,
    Anomaly,
    Between,
    ContendedResource,
    Host,
    Metric,
    PerTask,
    Requirement,
    Sample,
    Snapshot,
    StartError,
    Task,
    TaskClass,
    gauge,
    hookimpl,
    plugin,
)

CPI = Metric("acme_cpi", "Cycles per instruction.", gauge)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Acme:
    """Typed as its author wishes."""

    looks_back: ClassVar[Mapping[str, float]] = {"task_cycles": 300.0, "task_instructions": 300.0}
    factor: Annotated[float, Between(0, 10)] = 3.0
    _seen: PerTask[list[float]] = field(default_factory=lambda: PerTask(lambda task: []), init=False)

    @hookimpl
    def start(self, host: Host) -> None:
        if host.platform_if_known is None:
            raise StartError("which CPUs are there?")

    @hookimpl
    def requirements(self) -> Iterable[Requirement]:
        return [Requirement(need="luck", is_met=lambda host: host.name != "", cure="wait", required=False)]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample]:
        for task in snapshot.tasks:
            cpi = snapshot.history("task_cycles", task).per(snapshot.history("task_instructions", task))
            mean, deviation, newest = cpi.mean, cpi.deviation, cpi.newest
            if mean is None or deviation is None or newest is None:
                continue
            context = CPI.sample(newest, task)
            yield context
            if newest > mean + self.factor * deviation:
                yield Anomaly(
                    contended_task_id=task.task_id,
                    contending_task_ids=tuple(self._suspects(snapshot)),
                    resource=ContendedResource.LLC,
                    context=(context,),
                )

    @hookimpl
    def allocate(self, snapshot: Snapshot, anomalies: Sequence[Anomaly]) -> Iterator[Allocation]:
        for anomaly in anomalies:
            for task_id in anomaly.contending_task_ids:
                yield Allocation(task_id, AllocationType.CPU_QUOTA, 0.1)

    def _suspects(self, snapshot: Snapshot) -> list[str]:
        def is_suspect(task: Task) -> bool:
            rate = snapshot.rate("task_cpu_usage_seconds", task)
            return snapshot.task_class(task) is TaskClass.BEST_EFFORT and rate is not None and rate > 1

        return [task.task_id for task in snapshot.tasks if is_suspect(task)]
'''
