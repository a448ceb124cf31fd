"""A node, a storage, a runner and a user of a database as they were written, run by `wca run` unmodified."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from tests.command import wca
from wca_core.testing import Machine

NODE = """
    import logging
    from dataclasses import dataclass, field
    from typing import Dict, List, Optional

    from wca import logger
    from wca.config import Numeric, Path, Str
    from wca.nodes import Node, Task, TaskSynchronizationException

    log = logging.getLogger(__name__)


    @dataclass
    class InventoryNode(Node):
        inventory: Path(absolute=True)
        limit: Numeric(1, 10) = 10
        extra: Dict[Str, Str] = field(default_factory=dict)
        asked: int = 0

        def get_tasks(self) -> List[Task]:
            self.asked += 1
            if self.asked == 2:
                raise TaskSynchronizationException('the inventory is locked')
            with open(self.inventory) as file:
                lines = file.read().splitlines()
            log.log(logger.TRACE, 'read %s', self.inventory)
            return [
                Task(name, 'id-' + name, path, [], dict(self.extra, number=number), {'cpus': '1.5', 'mem': 1024})
                for number, (name, path) in enumerate(line.split() for line in lines[:self.limit])
            ]
"""

STORAGE = """
    import json
    from typing import List

    from owca.config import register
    from owca.metrics import Metric
    from owca.storage import FailedDeliveryException, Storage


    @register
    class JsonLines(Storage):
        def __init__(self, path: str, fail_first: bool = False):
            self.path = path
            self.fail_first = fail_first

        def store(self, metrics: List[Metric]) -> None:
            if self.fail_first:
                self.fail_first = False
                raise FailedDeliveryException('not yet')
            with open(self.path, 'a') as file:
                metrics = [[m.name, m.value, m.labels, m.type, m.help, m.unit, m.granularity] for m in metrics]
                file.write(json.dumps(metrics) + '\\n')
"""

RUNNER = """
    from dataclasses import dataclass
    from typing import Optional

    from wca.config import Str
    from wca.databases import Database, LocalDatabase
    from wca.metrics import Metric
    from wca.nodes import Node
    from wca.runners import Runner
    from wca.security import SSL
    from wca.storage import LogStorage, Storage


    @dataclass
    class ModelRunner(Runner):
        node: Node
        database: Database
        storage: Storage
        ssl: Optional[SSL] = None
        code: int = 0

        def run(self) -> int:
            names = sorted(task.name for task in self.node.get_tasks())
            self.database.set(b'model', ','.join(names).encode())
            model = self.database.get(b'model')
            self.storage.store([Metric('model_bytes', len(model), {'model': model.decode()})])
            return self.code
"""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    for name, text in (("older_node", NODE), ("older_storage", STORAGE), ("older_runner", RUNNER)):
        (tmp_path / f"{name}.py").write_text(dedent(text))
    (tmp_path / "inventory").write_text("web /older/web\nbatch older/batch\nbad /../bad\n")
    machine = Machine(tmp_path / "machine")
    for name in ("web", "batch"):
        machine.cgroup_v2(f"/older/{name}", {"cpu.stat": "usage_usec 2500000\n", "memory.current": "4096\n"})
    return tmp_path


def run(folder: Path, configuration: str, *options: str):  # type: ignore[no-untyped-def]
    file = folder / "wca.yaml"
    file.write_text(dedent(configuration).format(folder=folder))
    root = f"{folder}/machine"
    return wca("run", "-c", str(file), "-0", "--no-lock", "--host-root", root, *options, PYTHONPATH=str(folder))


def test_an_older_node_and_an_older_storage_run_in_an_agent_of_today(older: Path) -> None:
    configuration = """
        runner: !MeasurementRunner
          node: !InventoryNode {{inventory: {folder}/inventory, extra: {{rack: r7}}}}
          interval: 0.05
          extra_labels: {{site: here}}
          metrics_storage: !JsonLines {{path: {folder}/lines, fail_first: true}}
    """

    ran = run(older, configuration, "-r", "older_node:InventoryNode", "-r", "older_storage:JsonLines", "--count", "5")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    calls = [json.loads(line) for line in (older / "lines").read_text().splitlines()]
    assert 1 <= len(calls) <= 4
    requested = [one for one in calls[-1] if one[0] == "task_requested_cpus"]
    assert [(one[2]["task_name"], one[1]) for one in requested] == [("web", 1.5), ("batch", 1.5)]
    labels = requested[0][2]
    assert {"rack": "r7", "number": "0", "site": "here", "task_id": "id-web"}.items() <= labels.items()
    assert "host" in labels
    usage = {one[2]["task_id"]: one[1] for one in calls[-1] if one[0] == "task_cpu_usage_seconds"}
    assert usage == {"id-web": 2.5, "id-batch": 2.5}
    assert requested[0][3] == "gauge"
    assert "InventoryNode: a task is left out: task 'id-bad': the path of a cgroup expected" in ran.stdout
    assert "plugin InventoryNode failed in discover_tasks: TaskSynchronizationException" in ran.stdout
    assert "plugin JsonLines failed in store: FailedDeliveryException: not yet" in ran.stdout
    errors = {one[2]["plugin"]: one[1] for one in calls[-1] if one[0] == "wca_plugin_errors" and one[1]}
    assert errors == {"InventoryNode": 1, "JsonLines": 1}


def test_a_runner_of_its_own_uses_a_database_and_a_storage_and_says_the_exit_code(older: Path) -> None:
    configuration = """
        runner: !ModelRunner
          node: !InventoryNode {{inventory: {folder}/inventory}}
          database: !LocalDatabase {{directory: {folder}/models}}
          storage: !LogStorage {{output_filename: {folder}/out.prom, overwrite: true}}
          ssl: !SSL {{server_verify: true}}
          code: 3
    """

    ran = run(older, configuration, "-r", "older_node:InventoryNode", "-r", "older_runner:ModelRunner")

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert (older / "models" / "model").read_bytes() == b"bad,batch,web"
    assert 'model_bytes{model="bad,batch,web"} 13\n' in (older / "out.prom").read_text()


ENDS = """
    import sys
    from wca.runners import MeasurementRunner, Runner


    class Raising(Runner):
        def run(self) -> int:
            raise ValueError('a mistake')


    class Exiting(Runner):
        def run(self) -> int:
            sys.exit(5)


    class Saying(MeasurementRunner):
        def run(self) -> int:
            return 7
"""


@pytest.mark.parametrize(
    ("runner", "fields", "code", "told"),
    [
        ("Raising", "", 1, "!Raising.run: ValueError: a mistake"),
        ("Exiting", "", 5, ""),
        ("Saying", "{{node: !StaticNode {{tasks: []}}}}", 7, ""),
    ],
)
def test_how_a_runner_ends_is_how_the_process_ends(older: Path, runner: str, fields: str, code: int, told: str) -> None:
    (older / "older_ends.py").write_text(dedent(ENDS))

    ran = run(older, f"runner: !{runner} {fields}", "-r", f"older_ends:{runner}")

    assert ran.returncode == code, ran.stdout + ran.stderr
    assert told in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_storage_of_ours_by_its_older_name_is_plugged_in_as_ours(older: Path) -> None:
    configuration = """
        runner: !MeasurementRunner
          node: !StaticNode {{tasks: []}}
          metrics_storage: !LogStorage {{output_filename: {folder}/out.prom, overwrite: true}}
    """

    ran = run(older, configuration, "-r", "wca.storage:LogStorage", "--once")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    text = (older / "out.prom").read_text()
    assert "# HELP wca_up" in text
    assert "Given by a plugin" not in text


def test_an_older_storage_may_stand_within_one_of_ours(older: Path) -> None:
    configuration = """
        runner: !MeasurementRunner
          node: !InventoryNode {{inventory: {folder}/inventory}}
          metrics_storage: !FilterStorage
            filter: [task_cpu_usage_seconds]
            storages:
            - !JsonLines {{path: {folder}/lines}}
            - !LogStorage {{output_filename: {folder}/out.prom, overwrite: true}}
    """

    ran = run(older, configuration, "-r", "older_node:InventoryNode", "-r", "older_storage:JsonLines", "--once")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    (metrics,) = [json.loads(line) for line in (older / "lines").read_text().splitlines()]
    assert sorted((one[2]["task_id"], one[1], "host" in one[2]) for one in metrics) == [
        ("id-batch", 2.5, True),
        ("id-web", 2.5, True),
    ]
    assert (older / "out.prom").read_text().count("task_cpu_usage_seconds{") == 2


def test_a_wrong_field_of_an_older_component_is_told_with_its_place(older: Path) -> None:
    configuration = """
        runner: !MeasurementRunner
          node: !InventoryNode {{inventory: here, limit: 11}}
    """

    ran = run(older, configuration, "-r", "older_node:InventoryNode", "--once")

    assert ran.returncode == 1
    first, second = ran.stdout.splitlines()
    assert "wca.yaml:3:" in first
    assert first.endswith("runner.node.inventory (of !InventoryNode): an absolute path expected, found 'here' (str)")
    assert second.endswith("runner.node.limit (of !InventoryNode): a number from 1 to 10 expected, found 11 (int)")


def test_older_components_may_stand_in_the_short_form_and_on_the_command_line(older: Path) -> None:
    ran = wca(
        "run",
        *("-0", "--no-lock", "--once", "--host-root", f"{older}/machine"),
        *("-r", "older_node:InventoryNode", "-r", "older_storage:JsonLines"),
        *("--plugins", "InventoryNode,JsonLines"),
        *("--set", f"InventoryNode.inventory={older}/inventory", "--set", f"JsonLines.path={older}/lines"),
        PYTHONPATH=str(older),
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    names = {one[2].get("task_name") for one in json.loads((older / "lines").read_text().splitlines()[0])}
    assert {"web", "batch"} <= names
