"""The outputs of a wrapper that runs: page, storages that fail, parsers that are slow or broken."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from wca_wrapper.making import wrapped
from wca_wrapper.one_run import CRASHED
from wca_wrapper.outputs.plugged import PluggedOutput
from wca_wrapper.running import GAVE_UP
from wca_wrapper.settings import Wrapping
from wca_wrapper.storing import MOST_PENDING
from wca_wrapper.tally import Tally

from plugins.wca_wrapper.tests.running import program, stored, wrap, wrapping
from tests.asking import asked
from tests.cgroups import wait_until
from tests.test_real_prometheus import free_port
from wca_core import FailedDeliveryException, hookimpl, plugin
from wca_core.model.metric import Samples

AT_ONCE = (0.0, 0.0, 0.0, 0.0)
WAITING = "import time; print('x=1 y=2', flush=True); time.sleep(600)"


@pytest.fixture
def page() -> str:
    """An address that is free."""
    return f"127.0.0.1:{free_port()}"


def test_the_page_shows_the_last_values_and_the_wrapper(page: str) -> None:
    with wrapping("--http_listen", page, *program(WAITING)):
        text = when_shown(page, "x 1.0")

    values = {one.name: one.samples[0].value for one in text_string_to_metric_families(text)}
    assert {name: values[name] for name in ("x", "y", "wca_wrapper_up", "wca_wrapper_lines")} == {
        "x": 1,
        "y": 2,
        "wca_wrapper_up": 1,
        "wca_wrapper_lines": 1,
    }


def when_shown(page: str, wanted: str) -> str:
    found = [""]

    def is_shown() -> bool:
        try:
            found[0] = asked(f"http://{page}", "/metrics").text
        except OSError:
            return False
        return wanted in found[0]

    wait_until(is_shown, f"the page does not show {wanted!r}")
    return found[0]


def test_the_page_speaks_openmetrics_and_tells_what_it_has_not(page: str) -> None:
    with wrapping("--http_listen", page, *program(WAITING)):
        when_shown(page, "x 1.0")
        reply = asked(f"http://{page}", "/metrics", Accept="application/openmetrics-text")
        nothing = asked(f"http://{page}", "/")

    assert {one.name for one in openmetrics_families(reply.text)} >= {"x", "y", "wca_wrapper_lines"}
    assert (nothing.status, nothing.text) == (404, "there is nothing here; there is /metrics\n")


def test_values_that_are_too_old_leave_page_and_file(page: str, tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    outputs = ("--http_listen", page, "--storage_output_filename", str(file), "--metrics_ttl", "0.5")
    with wrapping(*outputs, *program(WAITING)):
        when_shown(page, "wca_wrapper_lines 1")

        wait_until(lambda: not re.search("^x ", asked(f"http://{page}", "/metrics").text, re.M), "x stays on the page")
        wait_until(lambda: file.exists() and "x" not in stored(file), "x stays in the file")

        assert stored(file)["wca_wrapper_up"] == 1


def test_a_port_in_use_is_told_before_anything_is_started(page: str) -> None:
    with wrapping("--http_listen", page, *program(WAITING)):
        when_shown(page, "x 1.0")

        ran = wrap("--http_listen", page, *program("print('started')"))

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert b"the port is in use" in ran.stderr


@plugin(api=1)
class Storage:
    """Fails always, or never."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.events: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.values: list[dict[str, float]] = []

    @hookimpl
    def start(self) -> None:
        self.events.append("start")

    @hookimpl
    def stop(self) -> None:
        self.events.append("stop")

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.events.append(stream)
        assert self.may_go_on.wait(60)
        self.values.append({one.name: one.value for one in samples if not one.name.startswith("wca_")})
        if self.fails:
            raise FailedDeliveryException("the broker is away")


def words(text: str) -> list[str]:
    return list(program(text))[1:]


def test_a_storage_gets_every_update_and_is_started_and_stopped_once() -> None:
    storage = Storage()

    code = wrapped(Wrapping(words=words("print('x=1'); print('x=2')"), quiet=True, storage=storage))

    assert (code, storage.values) == (0, [{"x": 1}, {"x": 2}, {}])
    assert (storage.events[0], storage.events[-1], storage.events.count("start")) == ("start", "stop", 1)


def test_storages_within_storages_are_started_first_and_each_once() -> None:
    inner = Storage()

    class Outer(Storage):
        contained = (inner, inner)

    output = PluggedOutput(Outer(), "outer", Tally())
    output.stop()

    assert inner.events == ["start", "stop"]


def test_a_storage_that_is_given_up_ends_the_application_with_70() -> None:
    order = Wrapping(words=words(WAITING), quiet=True, storage=Storage(fails=True))

    assert wrapped(order, pauses=AT_ONCE) == GAVE_UP


def test_a_storage_that_fails_may_be_ignored() -> None:
    storage = Storage(fails=True)
    text = "import time; print('x=1', flush=True); time.sleep(0.3); print('x=2'); exit(3)"
    order = Wrapping(words=words(text), quiet=True, storage=storage, storage_failures="ignore")

    assert wrapped(order, pauses=AT_ONCE) == 3
    assert storage.values.count({"x": 1}) == storage.values.count({"x": 2}) == 5


def test_a_last_update_that_cannot_be_delivered_gives_70_if_all_else_went_well() -> None:
    well = Wrapping(words=words("exit(0)"), quiet=True, storage=Storage(fails=True))
    failed = Wrapping(words=words("exit(4)"), quiet=True, storage=Storage(fails=True))

    assert wrapped(well, pauses=AT_ONCE) == GAVE_UP
    assert wrapped(failed, pauses=AT_ONCE) == 4


def test_a_slow_storage_holds_up_neither_the_application_nor_other_outputs(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    storage = Storage()
    storage.may_go_on.clear()
    order = Wrapping(
        words=words("for n in range(300): print(f'x={n}', flush=True)"),
        quiet=True,
        storage=storage,
        storage_output_filename=str(file),
    )

    with ThreadPoolExecutor(1) as watching:
        watching.submit(release_when, lambda: file.exists() and stored(file).get("x") == 299, storage.may_go_on)
        code = wrapped(order)

    assert code == 0
    assert storage.values[-2:] == [{"x": 299}, {}]
    assert len(storage.values) <= MOST_PENDING + 1  # the newest, and one that was on its way


def release_when(condition: Callable[[], bool], event: threading.Event) -> None:
    try:
        wait_until(condition, "the file does not show the last value")
    finally:
        event.set()


OTHERS = """
import threading
class Broken:
    def __init__(self, regexp, separator, labels, metric_name_prefix): pass
    def feed(self, line):
        raise ZeroDivisionError(line)
    def end(self):
        return []
class Hanging(Broken):
    def feed(self, line):
        threading.Event().wait()
class Incomplete:
    def __init__(self, **given): pass
from wca_wrapper import Measurement
from wca_wrapper.parsers.function_style import readline_with_check
def old(input, regexp, separator, labels, metric_name_prefix):
    line = readline_with_check(input, EOF_line="stop")
    return [Measurement(metric_name_prefix + "length", float(len(line)), labels)]
number = 5
"""


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A package with parsers of somebody else, on the path it is installed in."""
    folder = tmp_path / "site"
    information = folder / "acme_parsers-1.0.dist-info"
    information.mkdir(parents=True)
    (folder / "acme_parsers.py").write_text(OTHERS)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-parsers\nVersion: 1.0\n")
    names = {"broken": "Broken", "hanging": "Hanging", "incomplete": "Incomplete", "old": "old", "number": "number"}
    points = "".join(f"{name} = acme_parsers:{what}\n" for name, what in {**names, "gone": "gone"}.items())
    (information / "entry_points.txt").write_text(f"[wca.parsers]\n{points}ycsb = acme_parsers:Broken\n")
    return folder


def test_a_parser_that_raises_ends_nothing_and_is_counted(others: Path, tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    output = ("--storage_output_filename", str(file))

    ran = wrap("--parser", "broken", *output, *program("print('a'); print('b'); exit(3)"), path=others)

    assert (ran.returncode, ran.stdout) == (3, b"a\nb\n")
    assert ran.stderr.count(b"ZeroDivisionError: a") == 1
    assert stored(file)["wca_wrapper_parse_errors_total"] == 2


def test_a_parser_that_must_not_raise_ends_the_application_with_71(others: Path) -> None:
    ran = wrap("--parser", "broken", "--parser_failures", "exit", *program(WAITING), path=others)

    assert ran.returncode == CRASHED


def test_a_parser_that_hangs_does_not_hold_up_the_application(others: Path, tmp_path: Path) -> None:
    done = tmp_path / "done"
    text = f"for n in range(200): print('x' * 65536, flush=True)\nopen({str(done)!r}, 'w')"

    ran = wrap("--parser", "hanging", "--quiet", "--grace_period", "0.2", *program(text), path=others)

    assert ran.returncode == 0
    assert done.exists()


def test_a_parser_of_the_old_style_is_a_function(others: Path, tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    asked = ("--parser", "old", "--metric_name_prefix", "p_", "--labels", '{"a": "b"}')

    wrap(*asked, "--storage_output_filename", str(file), *program("print('abc'); print('stop')"), path=others)

    assert stored(file)["p_length{a=b}"] == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "parser 'gone' cannot be loaded: AttributeError"),
        ("incomplete", "needs methods feed and end"),
        ("number", "a class or a function expected, found int"),
        ("ycsb", "several packages offer a parser 'ycsb'"),
    ],
)
def test_a_parser_that_cannot_be_used_is_told_before_anything_is_started(others: Path, name: str, message: str) -> None:
    ran = wrap("--parser", name, *program("print('started')"), path=others)

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert message in ran.stderr.decode()
