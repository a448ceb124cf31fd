"""Plugins of others, found as pip would install them: a module, a dist-info folder, an entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WCA = Path(sys.executable).with_name("wca")
ROOT_FLAG = ["--root"] if os.geteuid() == 0 else []

GOOD = """
from wca_core import Metric, gauge, hookimpl, plugin

SEEN = Metric("acme_seen", "Tasks seen.", gauge)

@plugin(api=1)
class Acme:
    @hookimpl
    def collect_metrics(self, tasks):
        yield SEEN.sample(len(tasks))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def install(site: Path, package: str, code: str, entry_point: str = "acme = {module}:Acme") -> None:
    module = package.replace("-", "_")
    information = site / f"{module}-0.2.dist-info"
    information.mkdir(parents=True)
    (site / f"{module}.py").write_text(code)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.2\n")
    (information / "entry_points.txt").write_text(f"[wca.plugins]\n{entry_point.format(module=module)}\n")


def wca(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([WCA, *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False)


def run_once(site: Path) -> subprocess.CompletedProcess[str]:
    return wca(site, "run", "--no-lock", *ROOT_FLAG, "--plugins", "local,acme", "--once")


def test_an_installed_plugin_is_called(site: Path) -> None:
    install(site, "acme-wca", GOOD)

    ran = run_once(site)

    assert ran.returncode == 0, ran.stdout
    assert "# TYPE acme_seen gauge" in ran.stderr
    assert 'wca_plugin_up{host="' in ran.stderr


def test_an_installed_plugin_is_listed_with_its_package(site: Path) -> None:
    install(site, "acme-wca", GOOD)

    listed = {entry["name"]: entry for entry in json.loads(wca(site, "plugins", "--json").stdout)}

    assert listed["acme"] == {
        "name": "acme",
        "class_name": "Acme",
        "package": "acme-wca",
        "version": "0.2",
        "api": 1,
        "hooks": ["collect_metrics"],
        "status": "ok",
    }


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("raise SystemExit(3)", "SystemExit"),
        (GOOD.replace("class Acme", "class Other"), "Acme"),
        (GOOD.replace("@plugin(api=1)", ""), "put @wca_core.plugin(api=1) above the class"),
        (GOOD.replace("api=1", "api=99"), "was written for API 99"),
        (GOOD.replace("def collect_metrics", "def colect_metrics"), "did you mean collect_metrics?"),
        (GOOD.replace("@hookimpl\n", "\n"), "has no hook"),
        (GOOD.replace("self, tasks", "self, taks"), "taks"),
    ],
    ids=["no import", "exits", "no class", "no API", "newer API", "misspelt hook", "no hook", "misspelt argument"],
)
def test_a_plugin_that_cannot_be_accepted_is_refused_with_the_reason(site: Path, code: str, told: str) -> None:
    install(site, "acme-wca", code)

    ran = run_once(site)

    assert ran.returncode == 1
    assert told in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_plugin_that_does_not_load_is_listed_with_the_reason(site: Path) -> None:
    install(site, "acme-wca", "import no_such_module")

    listed = wca(site, "plugins")

    assert listed.returncode == 0
    assert "No module named 'no_such_module'" in listed.stdout


def test_two_packages_with_one_name_are_refused_and_both_named(site: Path) -> None:
    install(site, "acme-wca", GOOD)
    install(site, "other-wca", GOOD)

    ran = run_once(site)

    assert ran.returncode == 1
    assert "acme_wca:Acme (acme-wca 0.2)" in ran.stdout
    assert "other_wca:Acme (other-wca 0.2)" in ran.stdout


def test_a_plugin_that_raises_costs_only_itself(site: Path) -> None:
    install(site, "acme-wca", GOOD.replace("yield SEEN", "raise RuntimeError('boom')\n        yield SEEN"))

    ran = run_once(site)

    assert ran.returncode == 0
    assert "plugin acme failed in collect_metrics: RuntimeError: boom" in ran.stdout
    assert "acme_seen" not in ran.stderr
    assert "task_up" in ran.stderr


def test_a_plugin_that_is_missing_names_its_package(site: Path) -> None:
    site.mkdir()

    ran = wca(site, "run", "--no-lock", *ROOT_FLAG, "--plugins", "ContentionDetector", "--once")

    assert ran.returncode == 1
    assert "pip install wca-contention" in ran.stdout
