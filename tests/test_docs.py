"""What the README shows works as it is printed there."""

import re
from pathlib import Path

from wca_core.config.build import build_file
from wca_core.registry import Registry
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


def test_the_configuration_of_the_readme_loads(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    file = tmp_path / "wca.yaml"
    file.write_text(text.replace("/var/lib/wca", str(tmp_path)))

    plan = build_file(str(file), Registry().load).plan()

    assert {"static", "cgroup", "self", "log", "nop-detector", "log-2"} == {one.name for one in plan.bindings}


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_the_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    text = README + (ROOT / "CONTRIBUTING.md").read_text()

    missing = [name for name in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE) if f"\n{name}:" not in makefile]

    assert missing == []
