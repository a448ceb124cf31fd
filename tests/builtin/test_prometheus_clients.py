"""Clients that stall, flood and talk nonsense: they harm neither other clients nor the agent."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.asking import asked
from tests.cgroups import wait_until
from wca_core.builtin.prometheus.answer import Answer
from wca_core.builtin.prometheus.connection import Limits, Respond
from wca_core.builtin.prometheus.listening import listening_at, name_of
from wca_core.builtin.prometheus.request import LONGEST_HEAD, Request
from wca_core.builtin.prometheus.server import Server
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.model.metric import Block, Metric, gauge
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, running

LARGE = 32 << 20
"""Bytes; more than the kernel keeps for a client that does not read."""

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ok(_request: Request) -> Answer:
    return Answer.plain(HTTPStatus.OK, "ok")


def large(_request: Request) -> Answer:
    return Answer(HTTPStatus.OK, "text/plain", bytes(LARGE))


@contextmanager
def serving(respond: Respond = ok, **limits: float) -> Iterator[str]:
    """The URL of a server with these limits; at the end all of its threads have ended."""
    before = set(threading.enumerate())
    listening = listening_at("127.0.0.1:0")
    server = Server(listening, respond, limits=Limits(**limits))  # type: ignore[arg-type]
    try:
        yield f"http://{name_of(listening)}"
    finally:
        server.stop()
    assert set(threading.enumerate()) <= before


def connected(url: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
    client.settimeout(60)
    return client


def rest_of(client: socket.socket) -> bytes:
    """All that the server still sends before it ends the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(1 << 20):
            received += chunk
    return received


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", b"GET / HT", REQUEST[:-2]])
def test_who_sends_no_whole_request_in_time_is_hung_up_on(sent: bytes) -> None:
    with serving(idle_seconds=0.2, head_seconds=0.2) as url, connected(url) as client:
        client.sendall(sent)

        assert rest_of(client) == b""
        assert asked(url).status == 200


def test_who_sends_byte_after_byte_has_no_more_time_for_it() -> None:
    with serving(head_seconds=0.3) as url, connected(url) as client:
        with contextlib.suppress(ConnectionError):
            while True:
                client.sendall(b"G")
                client.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    assert client.recv(1) == b""
                    break

        assert asked(url).status == 200


def test_who_does_not_read_is_hung_up_on() -> None:
    with serving(large, send_seconds=0.2) as url, connected(url) as client:
        client.sendall(REQUEST)
        assert client.recv(1) == b"H"  # it is being sent
        wait_until(lambda: not client_threads(), "the answer is still being sent")

        assert len(rest_of(client)) < LARGE


def test_who_reads_a_little_all_the_time_has_no_more_time_for_it() -> None:
    with serving(large, send_seconds=0.3) as url, connected(url) as client:
        client.sendall(REQUEST)
        total = len(client.recv(1))
        while client_threads():
            total += len(client.recv(1000))
            time.sleep(0.001)

        assert total + len(rest_of(client)) < LARGE


def test_a_client_that_leaves_amid_an_answer_is_forgotten() -> None:
    with serving(large) as url:
        with connected(url) as client:
            client.sendall(REQUEST)
            assert client.recv(1) == b"H"
        wait_until(lambda: not client_threads(), "the answer is still being sent")

        assert len(asked(url).body) == LARGE


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"hello\n\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET / HTTP/3.0\r\n\r\n", b"HTTP/1.1 505 HTTP Version Not Supported\r\n"),
        (b"GET /" + b"a" * (1 << 20), b"HTTP/1.1 431 Request Header Fields Too Large\r\n"),
        (REQUEST[:-2] + b"A: b\r\n" * 200_000, b"HTTP/1.1 431 Request Header Fields Too Large\r\n"),
    ],
)
def test_nonsense_is_answered_as_such_and_ends_the_connection(sent: bytes, answer: bytes) -> None:
    with serving() as url, connected(url) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(sent)

        assert rest_of(client).startswith(answer)
        assert asked(url).status == 200


def test_a_head_of_just_the_allowed_length_is_answered() -> None:
    filling = b"A: %s\r\n\r\n" % (b"b" * (LONGEST_HEAD - len(REQUEST) - 1))
    with serving() as url, connected(url) as client:
        client.sendall(REQUEST[:-2] + filling)
        answered = client.recv(15)
        client.sendall(REQUEST[:-2] + filling.replace(b"b", b"bb", 10))

        assert answered == b"HTTP/1.1 200 OK"
        assert b"HTTP/1.1 431" in rest_of(client)


def test_a_body_is_not_taken_for_the_next_request() -> None:
    with serving() as url, connected(url) as client:
        client.sendall(REQUEST[:-2] + b"Content-Length: %d\r\n\r\n" % len(REQUEST) + REQUEST)

        assert rest_of(client).count(b"HTTP/1.1 ") == 1


def test_of_too_many_clients_the_one_that_asked_longest_ago_makes_room() -> None:
    with serving(connections=3) as url, ExitStack() as stack:
        first, second, third = (stack.enter_context(connected(url)) for _ in range(3))
        for client in (first, second, third, first):  # the first is the last to have been answered
            client.sendall(REQUEST)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
            client.recv(4096)

        assert asked(url).status == 200
        assert rest_of(second) == b""
        first.sendall(REQUEST)
        assert first.recv(15) == b"HTTP/1.1 200 OK"


def test_hundreds_that_stall_keep_nobody_from_being_served_and_cost_few_threads() -> None:
    with serving(connections=8) as url, ExitStack() as stack:
        for at in range(300):
            client = stack.enter_context(connected(url))
            client.sendall(REQUEST[: at % len(REQUEST)])

        assert asked(url).status == 200
        wait_until(lambda: len(client_threads()) <= 8, "too many clients are served at a time")


def test_without_open_files_left_clients_wait_and_are_served_when_there_are(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as url, socket.socket() as client:
        client.settimeout(60)
        with no_more_files():
            client.connect(("127.0.0.1", urlsplit(url).port))
            client.sendall(REQUEST)
            wait_until(lambda: "clients are kept waiting: " in caplog.text, "nothing is told")

        assert client.recv(15) == b"HTTP/1.1 200 OK"


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process has as many files open as it may."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        with contextlib.suppress(OSError):
            while True:
                stack.callback(os.close, os.dup(0))
        yield


def test_an_answer_that_fails_costs_this_answer_only(caplog: pytest.LogCaptureFixture) -> None:
    def fails_at_first(request: Request) -> Answer:
        if request.path == "/broken":
            raise ZeroDivisionError("a secret")
        return ok(request)

    with serving(fails_at_first) as url:
        broken = asked(url, "/broken")

        assert (broken.status, "ZeroDivisionError" in broken.text, "secret" in broken.text) == (500, True, False)
        assert "/broken cannot be answered" in caplog.text
        assert asked(url).status == 200


@plugin(api=1)
class Plenty:
    """So many samples that no socket takes the page of them unread."""

    metric = Metric("plenty", "Much.", gauge, levels=("n",))
    steps = 0

    @hookimpl
    def collect_metrics(self) -> list[Block]:
        self.steps += 1
        series = tuple([self.metric.series(n=f"{n:0>400}") for n in range(20_000)])
        return [Block(series, [self.steps] * len(series))]


def test_a_slow_reader_delays_no_step_and_no_other_reader(tmp_path: Path) -> None:
    storage, plenty = PrometheusStorage(listen="127.0.0.1:0"), Plenty()

    with running(Machine(tmp_path), [plenty, storage]) as agent:
        agent.step()
        with connected(storage.url) as slow:
            slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert slow.recv(15) == b"HTTP/1.1 200 OK"
            for _ in range(3):
                agent.step()
            is_still_reading = len(client_threads()) == 1
            newest = asked(storage.url, "/metrics", Accept_Encoding="gzip").text
            own = rest_of_length(slow)

    assert (plenty.steps, is_still_reading) == (4, True)
    assert values_of(newest) == {"4"}
    assert values_of(own.decode()) == {"1"}
    assert agent.host.statistics.plugin("prometheus").dropped == 0


def values_of(page: str) -> set[str]:
    return {line.split()[-1] for line in page.splitlines() if line.startswith("plenty{")}


def rest_of_length(client: socket.socket) -> bytes:
    """The body of an answer whose first line was read."""
    file = client.makefile("rb")
    length = next(int(line.split()[1]) for line in file if line.lower().startswith(b"content-length"))
    while file.readline().strip():
        pass
    return file.read(length)


def client_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prometheus-client"]
