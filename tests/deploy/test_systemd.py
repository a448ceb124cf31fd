"""The systemd unit, its options, and the configuration that goes with it."""

import configparser
import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.command import wca
from tests.deploy.places import DEPLOY, run
from wca_core.lock import lock_path

SYSTEMD = DEPLOY / "systemd"
OPTIONS = sorted(path.name for path in (SYSTEMD / "options").glob("*.conf"))

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, in which a command that is there stands for the one that is not installed."""
    text = (SYSTEMD / "wca.service").read_text()
    assert "ExecStart=/usr/bin/wca " in text
    path = tmp_path / "wca.service"
    path.write_text(text.replace("ExecStart=/usr/bin/wca ", "ExecStart=/bin/true "))
    (tmp_path / "wca.service.d").mkdir()
    return path


def objections(unit: Path) -> list[str]:
    """What systemd says against this unit; it also speaks of others that are installed."""
    checked = run("systemd-analyze", "verify", "--man=no", unit)
    return [line for line in checked.stderr.splitlines() if unit.name in line]


@needs_systemd
@pytest.mark.parametrize("options", [[], *([option] for option in OPTIONS), OPTIONS], ids=str)
def test_systemd_has_nothing_against_the_unit(unit: Path, options: list[str]) -> None:
    for option in options:
        text = (SYSTEMD / "options" / option).read_text()
        Path(f"{unit}.d", option).write_text(text.replace("=/usr/bin/wca ", "=/bin/true "))

    assert objections(unit) == []


@needs_systemd
def test_systemd_would_tell_of_a_mistake(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=sometimes"))

    assert any("sometimes" in line for line in objections(unit))


def test_the_unit_alone_may_write_nothing_of_the_machine() -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((SYSTEMD / "wca.service").read_text())
    service = unit["Service"]

    assert service["AmbientCapabilities"] == service["CapabilityBoundingSet"] == "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE"
    assert (service["ProtectSystem"], service["ProtectControlGroups"], service["ProtectKernelTunables"]) == (
        "strict",
        "yes",
        "yes",
    )
    assert "ReadWritePaths" not in service
    assert (service["Type"], service["User"], service["WatchdogSec"]) == ("notify", "wca", "120")


def test_the_journal_outlives_the_agent_and_who_restores_finds_it() -> None:
    unit = (SYSTEMD / "wca.service").read_text()

    assert "\nRuntimeDirectory=wca\nRuntimeDirectoryPreserve=yes\n" in unit
    assert "\nEnvironment=XDG_RUNTIME_DIR=%t/wca\n" in unit
    assert "\nExecStopPost=/usr/bin/wca restore\n" in (SYSTEMD / "options" / "restore.conf").read_text()


def test_every_drop_in_stands_in_the_document() -> None:
    page = (DEPLOY.parent / "docs" / "how-to" / "run-as-a-service.md").read_text()

    assert [option for option in OPTIONS if f"| `{option}` |" not in page] == []


@needs_systemd
def test_what_plugins_call_is_permitted_by_the_unit() -> None:
    """migrate_pages by its own group of system calls, perf_event_open by the drop-in only."""
    listed = run("systemd-analyze", "syscall-filter", "@resources", "@system-service").stdout.split()

    assert {"migrate_pages", "@resources"} <= set(listed)
    assert "SystemCallFilter=@system-service\n" in (SYSTEMD / "wca.service").read_text()
    assert "SystemCallFilter=perf_event_open\n" in (SYSTEMD / "options" / "perf.conf").read_text()


def test_the_example_of_a_configuration_is_right(tmp_path: Path) -> None:
    path = tmp_path / "wca.yaml"
    path.write_text((SYSTEMD / "wca.yaml").read_text())
    path.chmod(0o640)

    checked = wca("check", "-c", str(path), "--strict-config")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert "store metrics      prometheus" in checked.stdout


def test_the_example_of_a_configuration_listens_for_this_host_only() -> None:
    text = (SYSTEMD / "wca.yaml").read_text()

    assert yaml.safe_load(text)["plugins"]["prometheus"]["listen"] == "127.0.0.1:9111"


def test_the_user_of_the_unit_is_made_and_owns_the_configuration() -> None:
    assert "\nu wca " in (SYSTEMD / "wca.sysusers").read_text()
    assert "\nz /etc/wca/wca.yaml 0640 wca wca" in (SYSTEMD / "wca.tmpfiles").read_text()


def test_an_agent_that_is_root_can_write_the_lock_that_is_made_for_it() -> None:
    lock = lock_path(0, None)

    assert f"\nf {lock} 0600 root root" in (SYSTEMD / "wca.tmpfiles").read_text()
    assert f"-{lock}\n" in (SYSTEMD / "options" / "rdt.conf").read_text()


@needs_systemd
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_systemd_makes_user_and_folders_from_the_snippets(tmp_path: Path) -> None:
    (tmp_path / "etc" / "wca").mkdir(parents=True)
    (tmp_path / "etc" / "wca" / "wca.yaml").write_text("{}")
    (tmp_path / "run").mkdir()

    users = run("systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "wca.sysusers")

    assert users.returncode == 0, users.stderr
    assert "wca:" in (tmp_path / "etc" / "passwd").read_text()
    folders = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", SYSTEMD / "wca.tmpfiles")
    assert folders.returncode == 0, folders.stderr
    assert (tmp_path / "etc" / "wca" / "wca.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "run" / "wca.lock").stat().st_mode & 0o777 == 0o600
