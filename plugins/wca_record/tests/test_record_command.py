"""`wca record` and `wca recording` as processes, on this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from wca_record import About, RecordingError, open_recording
from wca_record.writer import Writer

from plugins.wca_record.tests.given import saved, usual
from tests.cgroups import real_cgroups_or_skip
from tests.command import wca

WCA = [sys.executable, "-c", "from wca_core.cli import main; main()"]
QUICK = ("--root", "--no-lock", "--interval=0.05")
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(not os.path.isdir("/sys/fs/cgroup"), reason="no cgroups are mounted here")


WORKS = "while :; do for i in 1 2 3 4 5 6 7 8; do :; done; sleep 0.02; done"


@pytest.fixture
def tasks():
    """What names two real cgroups in which something works, as options."""
    with real_cgroups_or_skip() as cgroups:
        made = [cgroups.make(name) for name in ("web", "batch")]
        for cgroup in made:
            cgroup.run("sh", "-c", WORKS)
        yield "--set=static.tasks=[" + ", ".join(cgroup.path for cgroup in made) + "]"


def steps_of(path):
    recording = open_recording(path)
    return list(recording.steps()), recording


def written(path):
    """How many steps are in a file that grows."""
    try:
        return len(steps_of(path)[0])
    except RecordingError:
        return 0


def wait_for(is_true):
    give_up = time.monotonic() + PATIENCE
    while not is_true() and time.monotonic() < give_up:
        time.sleep(0.05)


def test_a_recording_of_this_machine_has_its_tasks_and_values(tmp_path, tasks):
    path = tmp_path / "r.arrows"

    ended = wca("record", str(path), *QUICK, "--plugins=static", tasks, "--count=3")

    steps, recording = steps_of(path)
    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(rf"{path}: 3 steps, \S+, {len(steps[2].tasks)} tasks, .* kB, .* kB a step\n", ended.stdout)
    assert ended.stderr == ""
    assert recording.trouble is None
    assert recording.about.interval == 0.05
    assert {"cgroup", "static", "psi"} <= set(recording.about.plugins)
    assert "record" not in recording.about.plugins
    assert [step.number for step in steps] == [0, 1, 2]
    assert steps[0].platform.cpus == os.sysconf("SC_NPROCESSORS_ONLN")
    used = [[one.value for one in step.samples if one.name == "task_cpu_usage_seconds"] for step in steps]
    assert [len(values) for values in used] == [2, 2, 2]
    assert all(0 < before < after for before, after in zip(used[0], used[2], strict=True))


def test_it_ends_after_a_time(tmp_path):
    ended = wca("record", str(tmp_path / "r"), *QUICK, "--duration=2")

    steps, recording = steps_of(tmp_path / "r")
    assert ended.returncode == 0
    assert recording.trouble is None
    assert steps


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_all_steps_in_the_file(tmp_path, number):
    path = tmp_path / "r"
    process = subprocess.Popen([*WCA, "record", str(path), *QUICK], stdout=subprocess.PIPE, text=True)
    wait_for(path.exists)
    time.sleep(0.5)

    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)

    steps, recording = steps_of(path)
    assert process.returncode == 0
    assert recording.trouble is None
    assert f"{len(steps)} steps" in output


def test_killed_it_leaves_all_that_was_written(tmp_path):
    path = tmp_path / "r"
    options = ["--plugins=local,cgroup,log,record", f"--set=record.file={path}", "--set=record.chunk_seconds=0.2"]
    options += [f"--set=log.output_filename={tmp_path / 'log'}", "--set=agent.interval=0.05"]
    process = subprocess.Popen([*WCA, "run", "--root", "--no-lock", *options], stdout=subprocess.DEVNULL)
    wait_for(lambda: written(path) > 3)

    process.kill()
    process.wait()

    steps, recording = steps_of(path)
    assert len(steps) > 3
    assert recording.trouble
    assert [step.number for step in steps] == list(range(len(steps)))


def test_what_is_recorded_is_what_a_log_beside_it_stores(tmp_path, tasks):
    path, page = tmp_path / "r", tmp_path / "page"
    options = ["--plugins=static,log,record", tasks, f"--set=record.file={path}", f"--set=log.output_filename={page}"]

    ended = wca("run", "--root", "--no-lock", *options, "--set=agent.interval=0.2", "--count=4")

    assert ended.returncode == 0, ended.stderr
    recorded = defaultdict(list)
    for sample in (sample for step in steps_of(path)[0] for sample in step.samples):
        recorded[key_of(sample)].append(sample.value)
    stored = stored_in(page.read_text())
    assert sum(name.startswith("task_") for name, _ in recorded) > 50
    for key, values in recorded.items():
        assert values == [type(value)(text) for value, text in zip(values, stored.pop(key), strict=True)]
    assert not [name for name, _ in stored if name.startswith(("task_", "platform_"))]  # only counts of anomalies


def stored_in(text):
    """Values of all steps by metric and labels, without the common label."""
    found = defaultdict(list)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?", line).groups()
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")
            found[name, frozenset((key, text) for key, text in pairs if key != "host")].append(value)
    return found


def key_of(sample):
    return sample.name, frozenset((name, escaped(value)) for name, value in sample.labels.items())


def escaped(text):
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def test_values_in_force_are_recorded_and_nothing_is_stored(tmp_path, tasks):
    page = tmp_path / "page"
    options = ["--plugins=static,log,static-allocator", tasks, f"--set=log.output_filename={page}"]
    options.append("--set=static-allocator.rules=[{task_id: no-such-task, allocations: {cpu_quota: 0.5}}]")

    ended = wca("record", str(tmp_path / "r"), *QUICK, *options, "--count=2")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    steps, _ = steps_of(tmp_path / "r")
    assert {one.type.value for one in steps[0].allocations} >= {"cpu_quota", "cpu_shares"}
    assert not page.exists()


def test_an_existing_file_is_refused(tmp_path):
    (tmp_path / "r").write_text("precious")

    ended = wca("record", str(tmp_path / "r"), *QUICK, "--count=1")

    assert ended.returncode == 1
    assert "exists: another file expected, or --overwrite" in ended.stdout + ended.stderr
    assert (tmp_path / "r").read_text() == "precious"


def test_root_is_refused_unless_permitted(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only for root")

    assert wca("record", str(tmp_path / "r"), "--count=1").returncode == 2


def test_a_recording_is_told_of_and_checked(tmp_path):
    path = tmp_path / "r.arrows"
    wca("record", str(path), *QUICK, "--count=3")

    told = wca("recording", str(path))
    as_json = json.loads(wca("recording", str(path), "--json").stdout)

    assert told.returncode == 0
    assert re.search(r"^steps +3 in 0:00:00, every 0.05 s$", told.stdout, re.MULTILINE)
    assert (as_json["steps"], as_json["missing_steps"], as_json["trouble"]) == (3, 0, None)
    assert as_json["bytes"] == path.stat().st_size


def test_a_recording_that_breaks_off_is_told_of_with_an_exit_code(tmp_path):
    path = tmp_path / "r.arrows"
    wca("record", str(path), *QUICK, "--count=3")
    Path(path).write_bytes(path.read_bytes()[:-4])

    told = wca("recording", str(path))

    assert told.returncode == 1
    assert "breaks off or is damaged" in told.stdout or "was not ended" in told.stdout


def test_another_file_is_no_recording(tmp_path):
    (tmp_path / "x").write_text("hello")

    told = wca("recording", str(tmp_path / "x"))

    assert told.returncode == 1
    assert "a recording of wca-record expected" in told.stderr


def test_nothing_in_a_recording_reaches_the_terminal_but_what_can_be_seen(tmp_path):
    evil = "\x1b]0;mine\x07\nsize 1 B\u202e\x9b31m"
    about = About(format=1, host=evil, wca_version=evil, started=1.0, plugins=(evil,), labels={evil: evil})
    writer = Writer(about)
    writer.add(usual(0))
    path = saved(tmp_path, writer.taken() + writer.end())

    told, as_json = wca("recording", str(path)), wca("recording", str(path), "--json")

    assert all(line.isprintable() for line in told.stdout.splitlines())
    assert told.stdout.count("\nsize") == 1
    assert json.loads(as_json.stdout)["about"]["host"] == evil
    assert as_json.stdout.isascii()
