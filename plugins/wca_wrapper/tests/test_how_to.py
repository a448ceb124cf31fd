"""What README and how-to say is so: commands print what is shown, options and parsers are those there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from wca_wrapper.parsers import parser_names

from plugins.wca_wrapper.tests.captured import values
from plugins.wca_wrapper.tests.running import wrap
from tests.documents import blocks_of

ROOT = Path(__file__).resolve().parents[3]
HOW_TO = ROOT / "docs" / "how-to" / "wrap-an-application.md"
README = ROOT / "plugins" / "wca_wrapper" / "README.md"
SCRIPT = "#!{python}\nfrom wca_core.cli import main\nmain()\n"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a command `wca` is, that of this Python."""
    wca = tmp_path / "bin" / "wca"
    wca.parent.mkdir()
    wca.write_text(SCRIPT.format(python=sys.executable))
    wca.chmod(0o755)
    return f"{wca.parent}:{os.environ['PATH']}"


def test_every_command_of_the_how_to_prints_what_is_shown(tmp_path: Path, path: str) -> None:
    ran = 0
    for block in blocks_of(HOW_TO):
        if (name := block.said("file")) is not None:
            (tmp_path / name).write_text(block.text)
            (tmp_path / name).chmod(0o600)
        for command in block.commands if block.language == "console" else ():
            done = subprocess.run(
                ["bash", "-c", command.text],
                cwd=tmp_path,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            ran += 1
            assert command.fits(done.stdout), f"{block.place}: {command.text}\n{done.stdout}{done.stderr}"
    assert ran == 8


def test_the_parser_of_the_how_to_works() -> None:
    (code,) = [block.text for block in blocks_of(HOW_TO) if block.language == "python"]
    names: dict[str, type] = {}
    exec(code, names)

    parser = names["ShopParser"](labels={"a": "b"}, metric_name_prefix="shop_")

    assert values(parser.feed("checkout took 1.5 s")) == {"shop_checkout_seconds{a=b}": 1.5}
    assert (parser.feed("checkout took long"), parser.unreadable_lines) == ([], 1)


def test_the_readme_has_every_option_and_every_parser() -> None:
    text = README.read_text()
    options = re.findall(r"--([a-z_]+_?[a-z_]*)\b", wrap("--help").stdout.decode())

    assert {name for name in options if "-" not in name and f"--{name}" not in text} <= {"help", "no"}
    assert [name for name in parser_names() if f"`{re.sub('_(training|prediction)$', '', name)}`" not in text] == []
