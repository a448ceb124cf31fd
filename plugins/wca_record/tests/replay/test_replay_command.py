"""`wca replay` as a process: lines, JSON, summary, exit codes, and what it does with files that are none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.wca_record.tests.replay.given import BATCH, WEB, quota, recorded, written
from tests.command import wca

CALM, STORM = {WEB.task_id: 0.5, BATCH.task_id: 0.5}, {WEB.task_id: 0.5, BATCH.task_id: 2.0}
HUNGRY = "plugins.wca_record.tests.replay.given:Hungry"
ROOT = str(Path(__file__).parents[4])
RULES = "static-allocator.rules=[{task_id: /batch, allocations: {cpu_quota: 0.5}}]"

DISORDERLY = """
from wca_core import Anomaly, hookimpl, plugin

@plugin(api=1)
class Disorderly:
    @hookimpl
    def detect(self, snapshot):
        import random
        names = {f"task-{number}" for number in range(20)}
        yield Anomaly(contended_task_id=random.choice("abcdefgh"), contending_task_ids=tuple(names))

@plugin(api=1)
class Failing:
    @hookimpl
    def detect(self, snapshot):
        print("hello from a plugin")
        raise ValueError("no luck")
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(written(tmp_path / "some.arrows", recorded([CALM, CALM, STORM, CALM], in_force=[quota(1.0)])))


def replay(*arguments: str) -> tuple[int, list[str], str]:
    ran = wca("replay", *arguments, PYTHONPATH=ROOT, PYTHONHASHSEED="0")  # so that it starts only once
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


def test_a_span_without_steps_is_told(file: str) -> None:
    code, lines, said = replay(file, "-r", HUNGRY, "--from", "100")

    assert (code, lines) == (0, [])
    assert "no step is within --from 100 --until its end" in said


def test_an_anomaly_is_a_line_and_the_summary_stands_apart(file: str) -> None:
    code, lines, said = replay(file, "-r", HUNGRY)

    assert (code, lines) == (
        0,
        [
            "    2.000s 2023-11-14T22:13:22.000Z anomaly Hungry: /web suffers, cpus: /batch (acme_load 2.0)",
        ],
    )
    assert "4 steps, 3.0 s recorded, replayed in" in said
    assert "anomalies: Hungry 1\nvictims: /web 1\nwishes: none\n" in said
    assert "time in plugins: Hungry.detect" in said


def test_a_wish_is_told_once_with_what_was_in_force(file: str) -> None:
    code, lines, said = replay(file, "--plugins", "static-allocator", "--set", RULES)

    head = "    0.000s 2023-11-14T22:13:20.000Z"
    assert (code, lines) == (0, [f"{head} wish static-allocator: /batch: cpu_quota 0.5 (in force: 1.0)"])
    assert "wishes: cpu_quota wished 1" in said


def test_guard_rails_of_the_command_line_count(file: str) -> None:
    rails = "agent.guard_rails.min_cpu_quota=0.75"

    _, (line,), _ = replay(file, "--plugins", "static-allocator", "--set", RULES, "--set", rails)

    assert line.endswith("cpu_quota 0.5, clamped to 0.75 by a guard rail (in force: 1.0)")


def test_each_step_is_an_object_of_json(file: str) -> None:
    arguments = ["-r", HUNGRY, "--plugins", "Hungry,static-allocator", "--set", RULES, "--json", "--samples"]

    code, lines, _ = replay(file, *arguments)

    steps = [json.loads(line) for line in lines]
    assert (code, [step["step"] for step in steps]) == (0, [1, 2, 3, 4])
    assert steps[2] == {
        "step": 3,
        "time": "2023-11-14T22:13:22.000Z",
        "unix": 1700000002.0,
        "seconds": 2.0,
        "tasks": 2,
        "anomalies": [
            {
                "plugin": "Hungry",
                "victim": "/web",
                "suspects": ["/batch"],
                "resource": "cpus",
                "uuid": steps[2]["anomalies"][0]["uuid"],
                "context": [{"name": "acme_load", "labels": {}, "value": 2.0}],
            }
        ],
        "wishes": [
            {
                "plugin": "static-allocator",
                "task_id": "/batch",
                "type": "cpu_quota",
                "value": 0.5,
                "state": "wished",
                "granted": 0.5,
                "in_force": 1.0,
                "reason": "",
                "is_new": False,
            }
        ],
        "samples": [
            {"name": "acme_load", "labels": {"task_id": "/web", "task_name": "web"}, "value": 0.5},
            {"name": "acme_load", "labels": {"task_id": "/batch", "task_name": "batch"}, "value": 2.0},
        ],
        "failures": [],
    }


def test_summary_and_lines_may_each_be_had_alone(file: str) -> None:
    _, no_lines, said = replay(file, "-r", HUNGRY, "--summary")
    _, lines, nothing = replay(file, "-r", HUNGRY, "--quiet")

    assert (no_lines, "4 steps" in said) == ([], True)
    assert (len(lines), nothing) == (1, "")


def test_a_part_may_be_replayed_at_the_speed_it_had(file: str) -> None:
    _, lines, said = replay(file, "-r", HUNGRY, "--json", "--from", "1", "--until", "3", "--speed", "20x")

    assert [json.loads(line)["step"] for line in lines] == [2, 3]
    assert "2 steps, 1.0 s recorded" in said


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("0", "random")])
def test_the_same_bytes_come_out_whatever_the_order_of_sets(tmp_path: Path, file: str, first: str, second: str) -> None:
    (tmp_path / "disorderly.py").write_text(DISORDERLY)
    command = ["replay", file, "-r", "disorderly:Disorderly", "--json", "--quiet"]

    one, other = (wca(*command, PYTHONPATH=str(tmp_path), PYTHONHASHSEED=seed) for seed in (first, second))

    assert (one.returncode, one.stderr) == (0, "")
    assert len(json.loads(one.stdout.splitlines()[0])["anomalies"][0]["suspects"]) == 20
    assert one.stdout == other.stdout


def test_a_plugin_that_fails_is_told_with_the_step_and_by_the_exit_code(tmp_path: Path, file: str) -> None:
    (tmp_path / "disorderly.py").write_text(DISORDERLY)

    ran = wca("replay", file, "-r", "disorderly:Failing", "--json", PYTHONPATH=str(tmp_path))

    assert ran.returncode == 4
    assert "step 1, 0.000 s: plugin Failing failed in detect: ValueError: no luck" in ran.stderr
    assert "FAILURES: Failing.detect 4" in ran.stderr
    assert "hello from a plugin" in ran.stderr
    assert [json.loads(line)["failures"] for line in ran.stdout.splitlines()] == [
        [{"plugin": "Failing", "hook": "detect"}]
    ] * 4


def test_of_a_configuration_only_detectors_and_allocators_are_used(tmp_path: Path, file: str) -> None:
    other = tmp_path / "never.prom"
    config = tmp_path / "wca.yaml"
    config.write_text(
        f"plugins:\n  log: {{output_filename: {other}}}\n  record: {{file: {tmp_path}/again.arrows}}\n"
        "  static-allocator:\n    rules: [{allocations: {cpu_quota: 0.25}}]\n"
    )

    code, lines, said = replay(file, "-c", str(config))

    assert (code, len(lines)) == (0, 2)
    assert f"of {config} only static-allocator is used; not " in said
    assert said.count("only static-allocator is used") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.arrows", "wca.yaml"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--plugins", "nonsense"], "nothing installed answers to 'nonsense'"),
        (
            ["--plugins", "cgroup,psi"],
            "cgroup, psi: collectors measure nothing in a replay: name a detector or allocator",
        ),
        (["--plugins", "record", "--set", "record.file=/x"], "record: collectors measure nothing in a replay"),
        ([], "nothing to replay to: --plugins NAME"),
        (["--plugins", "nop-detector", "--speed", "0"], "--speed 0: max or a number above 0 expected"),
        (["--plugins", "nop-detector", "--from", "soon"], "'soon': seconds since the first step expected"),
        (["--plugins", "nop-detector", "-c", "/nowhere.yaml"], "/nowhere.yaml"),
        (["--plugins", "nop-detector", "--set", "nop-detector.x=1"], "has no field 'x'"),
    ],
)
def test_what_cannot_be_replayed_ends_with_1_and_why(file: str, arguments: list[str], complaint: str) -> None:
    code, lines, said = replay(file, *arguments)

    assert (code, lines) == (1, [])
    assert complaint in said
    assert "Traceback" not in said


def test_quiet_and_only_the_summary_cannot_both_be() -> None:
    assert replay("x", "--quiet", "--summary")[0] == 2


def test_a_file_that_is_no_recording_ends_with_1(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("hello")

    for path in (other, tmp_path / "missing"):
        code, _, said = replay(str(path), "--plugins", "nop-detector")

        assert code == 1
        assert f"{path}: a recording" in said
        assert "Traceback" not in said


def test_of_a_file_that_breaks_off_what_is_there_is_replayed(tmp_path: Path, file: str) -> None:
    broken = tmp_path / "broken.arrows"
    broken.write_bytes(Path(file).read_bytes()[:-100])

    code, lines, said = replay(str(broken), "-r", HUNGRY)

    assert (code, len(lines)) == (0, 1)
    assert "3 steps" in said
    assert str(broken) in said


def test_ctrl_c_ends_it_with_the_summary(file: str) -> None:
    command = [
        sys.executable,
        "-c",
        "from wca_core.cli import main; main()",
        "replay",
        file,
        "--json",
        "--speed",
        "0.01",
    ]
    arguments = [*command, "--plugins", "nop-detector"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert (process.returncode, json.loads(first)["step"]) == (130, 1)
    assert said.startswith("1 step, ")
    assert "Traceback" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by other commands")
def test_root_needs_no_permission_as_nothing_can_be_changed(file: str) -> None:
    assert replay(file, "--plugins", "nop-allocator")[0] == 0
