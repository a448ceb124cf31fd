"""What the README shows works as it is printed there."""

import re
from pathlib import Path

import pytest

from wca_core.configuration import Request, configured
from wca_core.runners import COLLECTORS
from wca_core.testing import Machine, check_plugin, make_task, run_step

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_plugin_of_the_readme_works(tmp_path: Path) -> None:
    (code,) = blocks("python")
    names: dict[str, type] = {}
    exec(code, names)

    plugin = names["TaskAge"]()
    step = run_step(Machine(tmp_path).cgroup_v2("/a", {}), [plugin], tasks=[make_task("/a")])

    check_plugin(plugin)
    assert step.value("task_age_seconds", task="/a") == 0


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (0, {"static", "log", "nop-detector", "log-2"}),
        (1, {"static", "log"}),
    ],
)
def test_the_configurations_of_the_readme_load(tmp_path: Path, number: int, names: set[str]) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text(blocks("yaml")[number].replace("/var/lib/wca", str(tmp_path)))

    plan = configured(Request(file=str(file))).plan()

    assert plan is not None
    assert {binding.name for binding in plan.bindings} - {*COLLECTORS, "rdt"} == names  # rdt: where it is installed


def test_every_make_target_that_the_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    text = README + (ROOT / "CONTRIBUTING.md").read_text()

    missing = [name for name in re.findall(r"^make ([a-z0-9-]+)", text, re.MULTILINE) if f"\n{name}:" not in makefile]

    assert missing == []
