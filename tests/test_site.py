"""The documents hang together: links lead somewhere, pictures show what is there, the site can be built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs.generate.pages import projects_registry
from tests.test_architecture import LAYERS
from wca_core.dispatch import FLOW
from wca_core.plugin_api import hooks_of
from wca_core.registry import load

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(page for folder in ("bench", "deploy", "plugins", "tests") for page in (ROOT / folder).rglob("README.md")),
]
PICTURE = (ROOT / "docs" / "pictures" / "architecture.svg").read_text()

LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Those to files of the project."""
    found = LINK.findall(FENCE.sub("", page.read_text()))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """Of headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or target.suffix != ".md" or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("folder", ["tutorial", "how-to", "reference", "explanation"])
def test_every_page_stands_in_the_navigation(folder: str) -> None:
    index = ROOT / "docs" / "index.md"
    named = {(index.parent / link).resolve() for link in links(index)}

    assert [page.name for page in (ROOT / "docs" / folder).glob("*.md") if page not in named] == []


def test_the_picture_shows_modules_in_their_layers() -> None:
    shown = re.findall(r'data-layer="(\d)">(\w+)<', PICTURE)

    assert {layer for layer, _ in shown} == {str(layer) for layer in LAYERS.values()}
    assert [module for layer, module in shown if LAYERS.get(module) != int(layer)] == []


def test_the_picture_shows_hooks_and_the_plugins_that_have_them() -> None:
    offers = {offer.name: hooks_of(load(offer)) for offer in projects_registry().offers}
    columns = dict(re.findall(r'x="([\d.]+)" y="159">(\w+)<', PICTURE))
    plugins = re.findall(r'class="plugin" x="([\d.]+)" y="\d+">([\w-]+)<', PICTURE)

    assert set(columns.values()) == FLOW
    assert [name for x, name in plugins if name != "yours" and columns[x] not in offers[name]] == []


def test_no_picture_fetches_anything() -> None:
    pictures = {path.name: path.read_text() for path in (ROOT / "docs" / "pictures").glob("*.svg")}

    fetching = re.compile(r"""(?:url\(|href=|src=|@import)\s*["']?(?:https?:)?//""")
    assert [name for name, text in pictures.items() if fetching.search(text)] == []


@pytest.mark.skipif(find_spec("sphinx") is None, reason="sphinx is not installed (make site does)")
def test_the_site_is_built_without_a_warning_and_needs_no_network(tmp_path: Path) -> None:
    options = ["-q", "-E", "-W", "--keep-going", "-c", "docs", "-d", str(tmp_path / "doctrees")]

    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ".", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert (built.returncode, built.stderr) == (0, "")
    pages = {path: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    assert tmp_path / "site" / "docs" / "tutorial" / "first-run.html" in pages
    fetched = [
        re.findall(r'(?:<script[^>]* src|<link[^>]* href|<img[^>]* src)="(?:https?:)?//[^"]*', text)
        for text in pages.values()
    ]
    assert [urls for urls in fetched if urls] == []
