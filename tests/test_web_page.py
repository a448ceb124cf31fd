"""The page at `/` in a real browser: what it shows, how it is used, what it says when there is nothing to show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.asking import asked
from tests.browser import CHROMIUM, Browser, browsing
from wca_core.agent import Agent
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.prometheus import site
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import GivenTasks, Machine, make_task, whole_binding

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (apt-get install chromium)")

NOTHING = "\N{EN DASH}"
HOSTILE = "<img src=x onerror=alert(1)>"
MIB = 1 << 20
FILES = sorted(site.FILES.iterdir())

CONTRAST = """(() => {
  const light = (text) => {
    const parts = text.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
    const linear = parts.map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const paper = (node) => {
    const found = getComputedStyle(node).backgroundColor;
    return found !== "rgba(0, 0, 0, 0)" ? found : node.parentElement ? paper(node.parentElement) : "rgb(255, 255, 255)";
  };
  const texts = document.querySelectorAll("#pace, nav a, li span, li strong, caption, th button, td, h2, label");
  return Math.min(...[...texts].map((node) => {
    const [one, other] = [light(getComputedStyle(node).color), light(paper(node))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }));
})()"""


@plugin(api=1)
class Detector:
    """Sees one contention."""

    @hookimpl
    def detect(self) -> list[Anomaly]:
        return [
            Anomaly(contended_task_id="/web", contending_task_ids=("/batch",), resource=ContendedResource.CPUS),
        ]


class Node:
    """A fake machine of three tasks, of which `/web` uses half a CPU, `/batch` 1.5; and its agent."""

    def __init__(self, folder: Path, **fields: object) -> None:
        self.machine = Machine(folder)
        self.used = 0.0
        self.write()
        tasks = [
            make_task("/web", labels={"app": "shop", "note": HOSTILE}),
            make_task("/batch", name="batch 10"),
            make_task("/odd", name=HOSTILE),
        ]
        self.storage = PrometheusStorage(listen="127.0.0.1:0", **fields)  # type: ignore[arg-type]
        plugins = [GivenTasks(tasks=tasks), CgroupMetrics(), Detector(), self.storage]
        self.agent = Agent([whole_binding(one) for one in plugins], self.machine.host())
        self.agent.start()

    def write(self) -> None:
        shares = {"/web": (0.5, 300 * MIB), "/batch": (1.5, 100 * MIB), "/odd": (0.0, 200 * MIB)}
        for path, (share, memory) in shares.items():
            usage = f"usage_usec {int(self.used * share * 1e6)}\nuser_usec 0\nsystem_usec 0\n"
            memory_max = f"{400 * MIB}\n" if path == "/web" else "max\n"
            files = {"cpu.stat": usage, "memory.current": f"{memory}\n", "memory.max": memory_max}
            self.machine.cgroup_v2(path, files)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.used += 1
            self.write()
            self.machine.clock.advance(1)
            self.agent.step()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.agent.stop()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def rows(tab: Browser) -> list[list[str]]:
    """The table as it is seen."""
    cells = "[...row.cells].filter((cell) => !cell.hidden).map((cell) => cell.innerText.trim())"
    found: list[list[str]] = tab.value(f"[...document.querySelector('#tasks').tBodies[0].rows].map((row) => {cells})")
    return found


def shown(tab: Browser, node: Node, part: str = "", **options: object) -> None:
    """Opens the page after two steps and waits for its table."""
    node.steps(2)
    tab.complaints.clear()
    tab.open("about:blank")
    tab.open(node.storage.url + part, **options)  # type: ignore[arg-type]
    tab.wait_for("document.querySelector('#tasks').tBodies[0].rows.length > 0")


@needs_browser
def test_the_tasks_and_the_events_of_the_newest_step_are_shown(tab: Browser, node: Node) -> None:
    shown(tab, node)

    assert rows(tab) == [
        ["batch 10", "1.50", "100 MiB", NOTHING],
        ["web", "0.50", "300 MiB", "75 %"],
        [HOSTILE, "0.00", "200 MiB", NOTHING],
    ]
    assert tab.value("document.querySelector('h1').innerText") == "WCA test-host"
    assert tab.value("document.querySelector('#events li button').innerText") == "web suffers, cpus: /batch"
    pace = "document.getElementById('pace').innerText"
    before = tab.value(pace)
    node.steps(1)
    tab.wait_for(f"{pace} !== {json.dumps(before)}")
    assert tab.complaints == []


@needs_browser
def test_text_of_others_stays_text(tab: Browser, node: Node) -> None:
    shown(tab, node, "#task=%2Fweb")

    tab.wait_for("document.querySelector('#labels dd') !== null")
    assert HOSTILE in tab.value("[...document.querySelectorAll('#labels dd')].map((one) => one.textContent)")
    assert tab.value("document.querySelectorAll('img, main script, iframe').length") == 0
    assert tab.complaints == []


@needs_browser
def test_a_column_sorts_with_mouse_and_keyboard(tab: Browser, node: Node) -> None:
    shown(tab, node)
    order = [[row[0] for row in rows(tab)]]
    header = "document.querySelector('th.memory_bytes')"

    tab.value(f"{header}.querySelector('button').click()")
    order.append([row[0] for row in rows(tab)])
    tab.value(f"{header}.querySelector('button').focus()")
    tab.press("Enter", 13, "\r")
    tab.wait_for(f"{header}.ariaSort === 'ascending'")
    order.append([row[0] for row in rows(tab)])
    tab.value("document.querySelector('th.name button').click()")
    order.append([row[0] for row in rows(tab)])

    assert order == [
        ["batch 10", "web", HOSTILE],
        ["web", HOSTILE, "batch 10"],
        ["batch 10", HOSTILE, "web"],
        [HOSTILE, "batch 10", "web"],
    ]
    assert tab.value(f"{header}.ariaSort") == "none"


@needs_browser
@pytest.mark.parametrize(("words", "found"), [("BATCH", "batch 10"), ("app=shop", "web"), ("/odd", HOSTILE)])
def test_the_filter_finds_names_ids_and_labels(tab: Browser, node: Node, words: str, found: str) -> None:
    shown(tab, node)
    tab.value("document.getElementById('filter').focus()")

    tab.type(words)

    tab.wait_for("document.getElementById('count').innerText === '1 of 3'")
    assert [row[0] for row in rows(tab)] == [found]
    tab.call("Page.reload")
    tab.wait_for("document.getElementById('count').innerText === '1 of 3'")
    tab.type("x")
    assert tab.value("document.getElementById('filter').value") == words


@needs_browser
def test_a_filter_that_finds_nothing_says_so(tab: Browser, node: Node) -> None:
    node.steps(2)
    tab.open("about:blank")
    tab.open(f"{node.storage.url}#filter=nowhere")

    tab.wait_for("document.getElementById('nothing').innerText === 'No task matches the filter.'")


@needs_browser
def test_the_detail_of_a_task_has_plots_and_labels_and_escape_closes_it(tab: Browser, node: Node) -> None:
    shown(tab, node)
    tab.value("[...document.querySelectorAll('tbody button')].find((one) => one.innerText === 'web').focus()")
    tab.press("Enter", 13, "\r")

    tab.wait_for("document.getElementById('detail').open")
    lines = "[...document.querySelectorAll('figure:not([hidden]) .curve')].map((one) => one.getAttribute('d'))"
    before = tab.value(lines)
    node.steps(1)
    tab.wait_for(f"JSON.stringify({lines}) !== JSON.stringify({json.dumps(before)})")
    paths = tab.value(lines)
    titles = tab.value("[...document.querySelectorAll('figure:not([hidden]) h3')].map((one) => one.innerText)")
    labels = tab.value("document.getElementById('labels').innerText")
    tab.press("Escape", 27)
    tab.wait_for("!document.getElementById('detail').open && location.hash === ''")

    assert [re.split(r"\s+", title)[0] for title in titles] == ["CPU", "Memory", "of"]
    assert all("L" in path for path in paths)
    assert "shop" in labels
    assert tab.value("document.activeElement.innerText") == "web"


@needs_browser
def test_a_row_that_has_the_focus_keeps_it_while_rows_change_places(tab: Browser, node: Node) -> None:
    shown(tab, node)
    tab.value("[...document.querySelectorAll('tbody button')].find((one) => one.innerText === 'web').focus()")

    tab.value("location.hash = 'sort=memory_bytes'")
    tab.wait_for("document.querySelector('tbody button').innerText === 'web'")

    assert tab.value("document.activeElement.innerText") == "web"


@needs_browser
def test_before_the_first_step_and_without_an_answer_it_says_so_and_goes_on(tab: Browser, node: Node) -> None:
    state = "document.getElementById('state').innerText"
    tab.open("about:blank")
    tab.open(node.storage.url)
    before = tab.wait_for(f"{state}.startsWith('No data yet') && {state}")
    node.steps(2)
    tab.wait_for("document.getElementById('state').hidden")
    port = urlsplit(node.storage.url).port
    node.agent.stop()
    after = tab.wait_for(f"{state}.startsWith('The agent does not answer') && {state}")
    is_still_there = len(rows(tab))
    node.storage.listen = f"127.0.0.1:{port}"
    node.agent.start()
    node.steps(1)
    tab.wait_for("document.getElementById('state').hidden")

    assert before == "No data yet: the agent has not finished its first step."
    assert re.fullmatch(r"The agent does not answer since .*; what is shown is from .*\. It is asked again.*", after)
    assert is_still_there == 3


@needs_browser
def test_it_asks_for_a_token_and_keeps_it_for_this_tab_only(tab: Browser, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("right")
    token.chmod(0o600)
    node = Node(tmp_path / "machine", token_path=str(token))
    node.steps(2)
    try:
        tab.open("about:blank")
        tab.open(node.storage.url)
        tab.wait_for("document.activeElement.id === 'token'")
        said = []
        for word in ("wrong", "right"):
            tab.type(word)
            tab.press("Enter", 13, "\r")
            tab.wait_for("!document.getElementById('state').hidden || !document.getElementById('view').hidden")
            said.append(tab.value("document.getElementById('state').innerText"))
        tab.wait_for("document.querySelector('#tasks').tBodies[0].rows.length === 3")
        tab.call("Page.reload")
        tab.wait_for("document.querySelector('#tasks').tBodies[0].rows.length === 3")

        assert said[0] == "That token is not the right one."
        assert tab.value("localStorage.length + document.cookie.length") == 0
        assert "right" not in tab.value("location.href")
    finally:
        node.agent.stop()


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_in_light_and_dark(tab: Browser, node: Node, dark: bool) -> None:
    """The contrast that WCAG 2.1 asks for at level AA."""
    shown(tab, node, dark=dark)

    background = tab.value("getComputedStyle(document.body).backgroundColor")

    assert (background == "rgb(255, 255, 255)") is not dark
    assert tab.value(CONTRAST) >= 4.5


@needs_browser
def test_it_fits_a_phone(tab: Browser, node: Node) -> None:
    shown(tab, node, width=390, height=844)

    assert tab.value("document.documentElement.scrollWidth") <= 390
    assert tab.value("[...document.querySelectorAll('tbody button')].every((one) => one.offsetHeight >= 24)")
    tab.value("document.querySelector('tbody button').click()")
    tab.wait_for("document.getElementById('detail').open")
    assert tab.value("document.getElementById('detail').scrollWidth") <= 390


@needs_browser
def test_assistive_technology_meets_a_table_with_headers_and_buttons_with_names(tab: Browser, node: Node) -> None:
    shown(tab, node)
    tab.call("Accessibility.enable")

    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    tab.call("Accessibility.disable")

    named = {(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes if not one["ignored"]}
    roles = [role for role, _ in named]
    assert {"table", "columnheader", "rowheader", "row", "cell", "caption"} <= set(roles)
    assert {("button", "CPU"), ("button", "web"), ("searchbox", "Filter"), ("columnheader", "Memory")} <= named
    assert [role for role, name in named if role in ("button", "searchbox", "link") and not name] == []


@needs_browser
def test_everything_comes_from_the_agent_itself(tab: Browser, node: Node) -> None:
    shown(tab, node)

    loaded = tab.value("performance.getEntriesByType('resource').map((one) => one.name)")

    assert {urlsplit(name).netloc for name in loaded} == {urlsplit(node.storage.url).netloc}
    assert tab.complaints == []


def test_the_page_and_each_of_its_files_is_served_with_its_type_and_a_strict_policy(node: Node) -> None:
    types = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for path, kind in {"": ".html", **{file.name: file.suffix for file in FILES}}.items():
        reply = asked(node.storage.url, f"/{path}")

        assert (reply.status, reply.headers["Content-Type"]) == (200, f"{types[kind]}; charset=utf-8")
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_the_wheel_has_the_files_of_the_page(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, root]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")

    packed = {name for name in zipfile.ZipFile(wheel).namelist() if "/prometheus/page/" in name}

    assert packed == {f"wca_core/builtin/prometheus/page/{file.name}" for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_of_the_page_has_no_code_out_of_text_and_nothing_of_elsewhere(file: Path) -> None:
    text = file.read_text()

    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\bon\w+=", text) == []
    )
    assert re.findall(r"<script(?![^>]*src=)|<style|style=|javascript:", text) == []
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}  # the name of SVG, which is not asked for
    named = re.findall(r"(?:src|href)=\"([\w.-]+\.\w+)\"|from \"\./([\w.-]+)\"", text)
    assert [one or other for one, other in named if not (site.FILES / (one or other)).exists()] == []
