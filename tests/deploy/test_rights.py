"""The capabilities that systemd's drop-ins and Kubernetes' components give are those that the plugins ask for.

A process with just these asks `wca doctor`, as the user that the agent would be.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cgroups import Cgroup, real_cgroups_or_skip, wait_until
from tests.deploy.places import DEPLOY

NOBODY = 65534
WCA = (sys.executable, "-c", "from wca_core.cli import main; main()")

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give and take capabilities"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed"),
]


@dataclass(frozen=True, slots=True)
class Rights:
    """Of a process: its user, and all capabilities that it has and can get."""

    user: int
    capabilities: tuple[str, ...]

    def command(self, *arguments: str) -> list[str]:
        """`wca` with these rights."""
        given = ",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in self.capabilities)])
        identity = [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        capabilities = [f"--bounding-set={given}", f"--inh-caps={given}", f"--ambient-caps={given}"]
        return ["setpriv", *identity, *capabilities, *WCA, *arguments]


def of_unit(*options: str) -> Rights:
    """What systemd makes of the unit with these drop-ins: lists of capabilities add up, other settings replace."""
    systemd = DEPLOY / "systemd"
    user, capabilities = "", ""
    for path in (systemd / "wca.service", *(systemd / "options" / f"{option}.conf" for option in options)):
        unit = configparser.ConfigParser(strict=False)
        unit.read_string(path.read_text())
        assert unit.get("Service", "AmbientCapabilities", fallback="") == unit.get(
            "Service", "CapabilityBoundingSet", fallback=""
        )
        capabilities += " " + unit.get("Service", "AmbientCapabilities", fallback="")
        user = unit.get("Service", "User", fallback=user)
    return Rights(0 if user == "root" else NOBODY, tuple(dict.fromkeys(capabilities.split())))


def of_component(*components: str) -> Rights:
    """Of a pod with these components: root, without all other capabilities."""
    folder = DEPLOY / "kubernetes" / "components"
    texts = [(folder / component / "kustomization.yaml").read_text() for component in components]
    return Rights(0, tuple(re.findall(r"capabilities/add/-, value: (\w+)\}", "".join(texts))))


def missing(rights: Rights, plugin: str, *fields: str) -> set[str]:
    """What the plugin misses that has to do with rights: the first word of each need."""
    told = [word for field in fields for word in ("--set", f"{plugin}.{field}")]
    ended = subprocess.run(
        rights.command("doctor", "--json", "--plugins", plugin, *told),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
    )
    (found,) = [one for one in json.loads(ended.stdout)["plugins"] if one["name"] == plugin]
    assert found["trouble"] is None
    return {need["need"].split()[0] for need in found["needs"] if need["state"] != "met" and _is_right(need["need"])}


def _is_right(need: str) -> bool:
    return need.startswith(("CAP_", "perf events", "the right", "the permission"))


ASKED = [
    ("cgroup-control", "allocation", (), {"CAP_DAC_OVERRIDE"}),
    ("numa", "numa", (), {"CAP_SYS_NICE"}),
    ("perf", "perf", ("event_names=[task_page_faults]",), {"perf"}),
    ("uncore", "perf", ("uncore_event_names=[platform_cas_count_reads]",), {"the"}),
    ("wss", "working-set", ("wss_reset_cycles=1",), {"CAP_DAC_OVERRIDE"}),
]
"""Plugin, drop-in, fields; what it misses without the drop-in."""


@pytest.mark.parametrize(("plugin", "option", "fields", "without"), ASKED, ids=[plugin for plugin, *_ in ASKED])
def test_a_drop_in_gives_what_its_plugin_asks_for_and_the_unit_alone_does_not(
    plugin: str, option: str, fields: tuple[str, ...], without: set[str]
) -> None:
    if Path("/proc/sys/kernel/perf_event_paranoid").read_text().startswith(("0", "-")):
        without = without - {"perf", "the"}

    assert missing(of_unit(option), plugin, *fields) == set()
    assert missing(of_unit(), plugin, *fields) == without


@pytest.mark.parametrize(
    ("plugin", "component", "fields"),
    [(plugin, "processes" if option == "working-set" else option, fields) for plugin, option, fields, _ in ASKED],
    ids=[plugin for plugin, *_ in ASKED],
)
def test_a_component_gives_what_its_plugin_asks_for(plugin: str, component: str, fields: tuple[str, ...]) -> None:
    assert missing(of_component(component), plugin, *fields) == set()


def test_root_alone_misses_what_components_give() -> None:
    assert missing(of_component(), "numa") == {"CAP_SYS_NICE", "CAP_SYS_PTRACE"}


def test_with_rdt_the_agent_is_root_without_the_capabilities_of_root() -> None:
    """As the kernel lets only root move the threads of others in resctrl."""
    rights = of_unit("rdt", "allocation")

    assert rights == Rights(0, ("CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"))


@contextmanager
def agent(rights: Rights, folder: Path, cgroup: Cgroup) -> Iterator[subprocess.Popen[bytes]]:
    """One that gives this cgroup twice its shares; what it writes is its own folder's and the cgroup's."""
    path = folder / "wca.yaml"
    path.write_text(
        f"agent: {{interval: 0.1}}\n"
        f"plugins:\n"
        f"  static: {{tasks: [{cgroup.path}]}}\n"
        f"  static-allocator: {{rules: [{{allocations: {{cpu_shares: 2.0}}}}]}}\n"
        f"  log: {{output_filename: {folder}/metrics.prom, overwrite: true}}\n"
    )
    path.chmod(0o600)
    for place in (folder, path):
        os.chown(place, rights.user, rights.user)
    command = rights.command("run", "-c", str(path), "--no-lock")
    process = subprocess.Popen(command, cwd=folder, env=_environment(folder), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_RUNTIME_DIR": str(folder)}


def _ended(command: Iterable[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command), cwd=folder, env=_environment(folder), capture_output=True, text=True, timeout=60, check=False
    )


def test_the_rights_of_the_drop_in_allocation_suffice_to_allocate_and_to_restore_after_a_kill() -> None:
    rights = of_unit("allocation")
    with real_cgroups_or_skip() as cgroups, TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)  # not pytest's, which other users cannot reach
        cgroup = cgroups.make("task")
        name = "cpu.weight" if cgroup.trees.version == 2 else "cpu.shares"
        before = cgroup.file(name).read_text()

        with agent(rights, folder, cgroup) as process:
            wait_until(lambda: process.poll() is not None or (folder / "metrics.prom").exists(), "no step has ended")
            allocated = cgroup.file(name).read_text()
        refused = _ended(of_unit().command("restore", "--no-lock"), folder)
        restored = _ended(rights.command("restore", "--no-lock"), folder)

        assert allocated != before
        assert (refused.returncode, restored.returncode) == (3, 0), refused.stdout + restored.stderr
        assert cgroup.file(name).read_text() == before
