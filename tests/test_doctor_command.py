"""`wca doctor` as users meet it: what it asks, what it prints, its exit codes."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.command import wca
from tests.hosts import complete, limit, on_v1
from tests.test_third_party import install

SCHEMA = json.loads((Path(__file__).parents[1] / "docs/reference/doctor.schema.json").read_text())

THIRD = """
from wca_core import Metric, Requirement, gauge, hookimpl, plugin

def finished(host):
    {finished}

@plugin(api=1)
class Acme:
    @hookimpl
    def requirements(self):
        yield Requirement(need="an anvil", is_met=finished, cure="order an anvil", required={required},
                          found=lambda host: "found a feather")
"""


def doctor(*arguments: str, code: int = 0, **environment: str) -> dict[str, Any]:
    """The report as JSON, which is as its schema says; `code`: the exit code that it must have."""
    asked = wca("doctor", "--json", *arguments, **environment)
    assert asked.returncode == code, asked.stderr + asked.stdout
    found: dict[str, Any] = json.loads(asked.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["ready"] is (code == 0)
    return found


def plugins(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in found["plugins"]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def third(site: Path, finished: str, *, required: bool = True) -> dict[str, str]:
    """The environment in which a plugin `acme` with one requirement is installed."""
    install(site, "acme-wca", THIRD.format(finished=finished, required=required))
    return {"PYTHONPATH": str(site)}


def test_all_that_is_installed_is_asked_where_nothing_is_named(tmp_path: Path) -> None:
    complete(tmp_path)
    installed = {one["name"] for one in json.loads(wca("plugins", "--json").stdout) if one["hooks"]}

    found = doctor("--host-root", str(tmp_path))

    assert set(plugins(found)) == installed
    assert found["root"] == str(tmp_path)


def test_a_plugin_whose_needs_depend_on_its_fields_says_which_to_give(tmp_path: Path) -> None:
    complete(tmp_path)

    without = plugins(doctor("--host-root", str(tmp_path)))["static"]
    given = plugins(doctor("--host-root", str(tmp_path), "--set", "static.tasks=[nowhere]"))["static"]

    assert (without["verdict"], given["verdict"]) == ("unknown", "less")
    assert "--set static.tasks=VALUE" in without["trouble"]
    assert given["needs"][0]["need"] == "the cgroup of task nowhere"


def test_options_bring_needs_into_force(tmp_path: Path) -> None:
    complete(tmp_path)

    off = plugins(doctor("--host-root", str(tmp_path)))["sched"]
    on = plugins(doctor("--host-root", str(tmp_path), "--set", "sched.sched=true"))["sched"]

    assert (off["verdict"], on["verdict"]) == ("ready", "less")
    assert {need["only_with"] for need in off["needs"]} == {"sched"}


def test_the_agents_own_options_may_be_set_too(tmp_path: Path) -> None:
    complete(tmp_path)

    doctor("--host-root", str(tmp_path), "--set", "agent.interval=5")

    assert wca("doctor", "--set", "agent.interval=99").returncode == 1


def test_of_named_plugins_those_are_asked_that_would_run(tmp_path: Path) -> None:
    complete(tmp_path)

    found = doctor("--host-root", str(tmp_path), "--plugins", "static,sched", "--set", "static.tasks=[]")

    assert {"static", "sched", "platform", "log"} <= set(plugins(found))
    assert not {"wss", "local", "pid-counts"} & set(plugins(found))


def test_of_a_file_those_are_asked_that_it_names(tmp_path: Path) -> None:
    complete(tmp_path / "host")
    file = tmp_path / "wca.yaml"
    storage = f"!FilterStorage {{storages: [!LogStorage {{output_filename: {tmp_path}/out.prom}}]}}"
    file.write_text(
        f"runner: !MeasurementRunner\n  node: !StaticNode {{tasks: [system.slice]}}\n  metrics_storage: {storage}\n"
    )

    found = plugins(doctor("--host-root", str(tmp_path / "host"), "-c", str(file)))

    assert found["static"]["verdict"] == found["filter.1"]["verdict"] == "ready"
    assert found["filter.1"]["needs"][0]["need"] == f"to write {tmp_path}/out.prom"
    assert not (tmp_path / "out.prom").exists()


def test_a_log_that_cannot_be_written_is_missing_something_required(tmp_path: Path) -> None:
    complete(tmp_path / "host")
    (tmp_path / "out").mkdir()

    found = doctor(
        *("--host-root", str(tmp_path / "host"), "--plugins", "log", "--set", f"log.output_filename={tmp_path}/out"),
        code=1,
    )

    assert plugins(found)["log"]["verdict"] == "refused"
    assert found["to_do"][0] == {
        "what": "name a file in it",
        "required": True,
        "reasons": [f"log needs to write {tmp_path}/out"],
    }


def test_a_wrong_configuration_ends_with_1_and_its_place(tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text("runner: !MeasurementRunner\n  node: !LocalNode\n  flag: x\n")

    asked = wca("doctor", "-c", str(file), "--json")

    assert (asked.returncode, asked.stdout) == (1, "")
    assert f"{file}:3:3:" in asked.stderr


@pytest.mark.parametrize("override", ["nowhere.x=1", "sched.nowhere=1", "sched.sched=7", "sched"])
def test_a_wrong_override_ends_with_1_and_is_named(override: str) -> None:
    asked = wca("doctor", "--set", override)

    assert (asked.returncode, asked.stdout) == (1, "")
    assert f"--set {override.partition('=')[0]}" in asked.stderr


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--host-root", "/nowhere"], ["extra"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert wca("doctor", *arguments).returncode == 2


@pytest.mark.parametrize(
    ("finished", "required", "code", "state"),
    [
        ("return True", True, 0, "met"),
        ("return False", True, 1, "missing"),
        ("return False", False, 0, "missing"),
        ("raise RuntimeError('boom')", True, 1, "unchecked"),
        ("raise RuntimeError('boom')", False, 0, "unchecked"),
    ],
)
def test_the_needs_of_a_plugin_of_others_are_checked(
    tmp_path: Path, site: Path, finished: str, required: bool, code: int, state: str
) -> None:
    complete(tmp_path / "host")
    environment = third(site, finished, required=required)

    found = plugins(doctor("--host-root", str(tmp_path / "host"), code=code, **environment))["acme"]

    assert found["needs"][0]["state"] == state
    assert found["needs"][0]["cure"] == (None if state == "met" else "order an anvil")


def test_a_check_that_raises_is_told_in_words(site: Path) -> None:
    asked = wca("doctor", "--plugins", "acme", COLUMNS="200", **third(site, "raise RuntimeError('boom')"))

    assert asked.returncode == 1
    assert "✗ UNCHECKED an anvil; could not be checked: RuntimeError: boom" in asked.stdout
    assert "1. order an anvil\n     required: acme needs an anvil" in asked.stdout
    assert asked.stderr == ""


def test_a_plugin_that_does_not_load_costs_only_itself(tmp_path: Path, site: Path) -> None:
    complete(tmp_path / "host")
    install(site, "acme-wca", "import no_such_module")

    found = plugins(doctor("--host-root", str(tmp_path / "host"), code=1, PYTHONPATH=str(site)))

    assert found["acme"]["verdict"] == "broken"
    assert "No module named 'no_such_module'" in found["acme"]["trouble"]
    assert found["platform"]["verdict"] == "ready"


def test_a_runner_with_a_loop_of_its_own_has_no_plugins_to_ask(tmp_path: Path) -> None:
    complete(tmp_path / "host")
    (tmp_path / "things.py").write_text("class OwnLoop:\n    def run(self):\n        return 7\n")
    (tmp_path / "wca.yaml").write_text("runner: !OwnLoop\n")
    own = ["-c", str(tmp_path / "wca.yaml"), "-r", "things:OwnLoop", "--host-root", str(tmp_path / "host")]

    assert doctor(*own, PYTHONPATH=str(tmp_path))["plugins"] == []
    assert "none: this runner has a loop of its own" in wca("doctor", *own, PYTHONPATH=str(tmp_path)).stdout


def test_text_is_as_wide_as_the_terminal_and_has_no_colours_in_a_pipe(tmp_path: Path) -> None:
    limit(on_v1(tmp_path, "cpu"), 60)

    asked = wca("doctor", "--host-root", str(tmp_path), COLUMNS="70")

    wide = [line for line in asked.stdout.splitlines() if len(line) > 70 and len(line.split()) > 1]
    of_paths = [line for line in wide if str(tmp_path) in line]
    assert [line for line in wide if line not in of_paths and not line.split(".")[0].strip().isdigit()] == []
    assert "\x1b" not in asked.stdout
    assert [title for title in ("MACHINE", "PLUGINS", "WHAT TO DO") if f"\n{title}\n" not in asked.stdout] == []


def test_the_doctor_needs_no_permission_to_run_as_root() -> None:
    assert wca("doctor", "--plugins", "nop-detector").returncode in (0, 1)


def test_this_machine_is_told_within_the_same_form() -> None:
    asked = wca("doctor", "--json")

    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(asked.stdout))
    facts = {fact["topic"]: fact["values"] for fact in json.loads(asked.stdout)["machine"]}
    assert facts["kernel"]["release"] == os.uname().release
    assert facts["cpu"]["cpus"] == os.cpu_count()
