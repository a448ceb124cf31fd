"""Watching a running agent: real servers on loopback, that answer as agents and as others do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from wca_top.http_source import PATH, HttpSource, NoAnswerError

from tests.cgroups import wait_until
from wca_core.errors import ConfigurationError
from wca_core.overview import Overview, TaskRow, as_json

OVERVIEW = Overview(time=5.0, host="far", tasks=(TaskRow(task_id="a", name="a", cpus=0.5),))
GOOD = json.dumps(as_json(OVERVIEW)).encode()


@dataclass
class Served:
    """What a server answers, and what it was asked."""

    status: int = 200
    body: bytes = GOOD
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


class Seen:
    """A view that remembers, and ends after so many things."""

    def __init__(self, stop: threading.Event, count: int) -> None:
        self.seen: list[Overview | str] = []
        self._stop = stop
        self._count = count

    def show(self, overview: Overview) -> None:
        self._add(overview)

    def tell(self, trouble: str) -> None:
        self._add(trouble)

    def _add(self, one: Overview | str) -> None:
        self.seen.append(one)
        if len(self.seen) >= self._count:
            self._stop.set()


def seen(source: HttpSource, count: int) -> list[Overview | str]:
    stop = threading.Event()
    view = Seen(stop, count)
    source.run(view, stop)
    return view.seen


def test_the_overview_of_an_agent_is_shown_once_a_step() -> None:
    with serving(Served()) as served:
        stop = threading.Event()
        view = Seen(stop, 2)
        thread = threading.Thread(target=HttpSource(served.url, interval=0.01).run, args=[view, stop])
        thread.start()
        wait_until(lambda: len(served.asked) >= 5, "the agent is not asked again")
        served.body = json.dumps(as_json(Overview(time=6.0, host="far"))).encode()
        thread.join()

    assert view.seen == [OVERVIEW, Overview(time=6.0, host="far")]
    assert {path for path, _ in served.asked} == {PATH}


def test_an_agent_without_a_step_yet_shows_nothing_and_is_no_trouble() -> None:
    with serving(Served(status=503, body=b"no step yet")) as served:
        assert HttpSource(served.url).overview() is None


def test_one_that_does_not_answer_is_told_once_and_asked_again() -> None:
    with serving(Served(status=404)) as served:
        stop = threading.Event()
        view = Seen(stop, 3)
        thread = threading.Thread(target=HttpSource(served.url, interval=0.01).run, args=[view, stop])
        thread.start()
        wait_until(lambda: len(served.asked) >= 3, "the agent is not asked again")
        served.status = 200
        thread.join()

    assert view.seen == [
        f"{served.url}{PATH} answers 404 Not Found: no agent, or one that has no overview yet",
        OVERVIEW,
        "",
    ]


def test_nobody_there_is_told_with_address_and_reason() -> None:
    with serving(Served()) as served:
        pass

    (told,) = seen(HttpSource(served.url), 1)

    assert told == f"{served.url} does not answer ([Errno 111] Connection refused); does an agent run there?"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>", "does not answer with an overview: Expecting value"),
        (b"\xff", "does not answer with an overview"),
        (b"[" * 100_000, "does not answer with an overview"),
        (b"{}", "overview.time: a number expected, found nothing"),
        (b'{"time": 1, "host": "a", "tasks": 5, "events": []}', "overview.tasks: a list expected, found int"),
    ],
)
def test_what_is_no_overview_is_told(body: bytes, complaint: str) -> None:
    with serving(Served(body=body)) as served, pytest.raises(NoAnswerError, match=complaint):
        HttpSource(served.url).overview()


def test_a_token_is_shown_and_read_again_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    with serving(Served()) as served:
        source = HttpSource(served.url, token_file=str(file))
        source.overview()
        file.write_text("second\n")
        source.overview()

    assert [token for _, token in served.asked] == ["Bearer first", "Bearer second"]


def test_a_token_that_is_missing_or_wrong_is_told_with_the_option() -> None:
    with serving(Served(status=401)) as served, pytest.raises(NoAnswerError, match=r"401 .*--token-file"):
        HttpSource(served.url).overview()


def test_a_token_goes_to_no_other_address(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    with serving(Served()) as other, serving(Served(status=302, headers={"Location": other.url})) as served:
        with pytest.raises(NoAnswerError, match="302"):
            HttpSource(served.url, token_file=str(tmp_path / "token")).overview()

        assert other.asked == []


@pytest.mark.parametrize("text", [None, "", "two words", "caf\u00e9"])
def test_a_token_file_that_has_no_token_is_refused_before_anything_is_shown(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ConfigurationError, match=f"--token-file {file}: "):
        HttpSource("127.0.0.1:9111", token_file=str(file))


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:9111", "http://127.0.0.1:9111"),
        ("http://127.0.0.1:9111/", "http://127.0.0.1:9111"),
        ("https://node:9111/api/overview", "https://node:9111"),
        ("[::1]:9111", "http://[::1]:9111"),
    ],
)
def test_an_address_may_be_short(address: str, url: str) -> None:
    assert HttpSource(address).title == url


@pytest.mark.parametrize(
    "address", ["", "http://", "ftp://node", "node:port", "a b", "http://[::1", "file:///etc/passwd"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="http://HOST:PORT expected"):
        HttpSource(address)


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(Served()) as served:
        assert HttpSource(served.url).overview() == OVERVIEW
