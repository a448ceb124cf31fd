"""PrometheusStorage over real sockets: what is where, in which form."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from tests.asking import asked, reply_of
from tests.cgroups import wait_until
from wca_core.builtin.prometheus.fresh import Fresh
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.hookspecs import Stream
from wca_core.model.metric import Metric, Samples, Series, Value, counter, gauge
from wca_core.testing import Machine, make_task, running

FOO = Metric("foo", "Foo.", gauge)
USED = Metric("task_used_seconds", "Used.", counter, unit="seconds")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def one(value: Value, **labels: str) -> Samples:
    return Samples.of([Series.of(FOO, labels).at(value)])


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[PrometheusStorage]:
    storage = PrometheusStorage(listen="127.0.0.1:0")
    storage.start(Machine(tmp_path).host())
    yield storage
    storage.stop()


def test_before_the_first_step_there_is_nothing_to_read_yet(storage: PrometheusStorage) -> None:
    for path in ("/metrics", "/api/overview", "/readyz"):
        reply = asked(storage.url, path)
        assert (reply.status, "no step has ended yet" in reply.text) == (503, True)

    assert asked(storage.url, "/healthz").status == 200


def test_the_newest_step_is_served_as_text_with_the_common_labels(storage: PrometheusStorage) -> None:
    storage.store(one(1), "metrics")
    storage.store(one(2, zone="ä"), "metrics")

    reply = asked(storage.url, "/metrics")

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.text == '# HELP foo Foo.\n# TYPE foo gauge\nfoo{host="test-host",zone="ä"} 2\n'


def test_who_wants_openmetrics_only_is_given_it_and_the_official_parser_reads_it(storage: PrometheusStorage) -> None:
    storage.store(Samples.of([USED.sample(2.5, make_task("/a")), FOO.sample(1)]), "metrics")

    reply = asked(storage.url, "/metrics", Accept=OPENMETRICS)

    assert reply.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert reply.headers["Vary"] == "Accept, Accept-Encoding"
    assert reply.text.endswith("\n# EOF\n")
    families = {family.name: family for family in openmetrics_families(reply.text)}
    assert [one.value for one in families["task_used_seconds"].samples] == [2.5]
    assert families["task_used_seconds"].unit == "seconds"


def test_openmetrics_goes_to_who_prefers_it_only_if_asked_for(tmp_path: Path) -> None:
    accept = f"{OPENMETRICS},text/plain;version=0.0.4;q=0.5"
    kinds = []
    for openmetrics in (False, True):
        storage = PrometheusStorage(listen="127.0.0.1:0", openmetrics=openmetrics)
        storage.start(Machine(tmp_path).host())
        storage.store(one(1), "metrics")
        kinds.append(asked(storage.url, "/metrics", Accept=accept).headers["Content-Type"].partition(";")[0])
        storage.stop()

    assert kinds == ["text/plain", "application/openmetrics-text"]


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_a_compressed_page_is_the_same_page(storage: PrometheusStorage, accept: str) -> None:
    storage.store(Samples.of([FOO.sample(1), *[USED.sample(at, make_task(f"/{at}")) for at in range(100)]]), "metrics")

    plain = asked(storage.url, "/metrics", Accept=accept)
    compressed = asked(storage.url, "/metrics", Accept=accept, Accept_Encoding="br, gzip")

    assert (plain.headers.get("Content-Encoding"), compressed.headers["Content-Encoding"]) == (None, "gzip")
    assert len(compressed.body) < len(plain.body) / 3
    assert compressed.text == plain.text


def test_the_page_has_the_metrics_anomalies_and_allocations_of_one_step(storage: PrometheusStorage) -> None:
    for value in (1, 2):
        for stream in ("anomalies", "allocations", "metrics"):
            storage.store(one(value, of=stream), stream)
    storage.store(one(3, of="anomalies"), "anomalies")  # the next step goes on

    (family,) = text_families(asked(storage.url, "/metrics").text)

    assert {sample.labels["of"]: sample.value for sample in family.samples} == {
        "allocations": 2,
        "anomalies": 2,
        "metrics": 2,
    }


def test_findings_that_are_gone_are_not_on_the_page_any_more(storage: PrometheusStorage) -> None:
    storage.store(one(1, of="anomalies"), "anomalies")
    storage.store(one(1), "metrics")
    storage.store(Samples(), "anomalies")
    storage.store(one(2), "metrics")

    assert "anomalies" not in asked(storage.url, "/metrics").text


@pytest.mark.parametrize("streams", [["anomalies"], ["anomalies", "allocations"]])
def test_a_storage_that_is_given_no_metrics_shows_the_second_step(
    storage: PrometheusStorage, streams: list[str]
) -> None:
    for value in (1, 2):
        for stream in streams:
            storage.store(one(value, of=stream), stream)  # type: ignore[arg-type]

    (family,) = text_families(asked(storage.url, "/metrics").text)

    assert {sample.labels["of"]: sample.value for sample in family.samples} == dict.fromkeys(streams, 2)
    assert asked(storage.url, "/readyz").status == 200


def test_nobody_ever_sees_a_part_of_one_step_beside_a_part_of_another(storage: PrometheusStorage) -> None:
    streams: tuple[Stream, ...] = ("anomalies", "allocations", "metrics")
    series = {stream: [Series.of(FOO, {"of": stream, "n": str(n)}) for n in range(20)] for stream in streams}
    seen: list[set[float]] = []

    def scrape() -> None:
        kept = HTTPConnection("127.0.0.1", urlsplit(storage.url).port, timeout=30)
        while len(seen) < 100:
            reply = reply_of(kept, "/metrics")
            if reply.status == 200:
                seen.append({one.value for family in text_families(reply.text) for one in family.samples})
        kept.close()

    scraper = threading.Thread(target=scrape)
    scraper.start()
    for value in itertools.takewhile(lambda _: scraper.is_alive(), itertools.count(1)):
        for stream in streams:
            storage.store(Samples(series[stream], [value] * 20), stream)

    assert [values for values in seen if len(values) != 1] == []
    assert len(set(map(tuple, seen))) > 1


def test_what_is_made_of_a_step_is_made_once_for_all_who_ask_at_the_same_time() -> None:
    fresh, step, calls = Fresh(), object(), []
    entered, go = threading.Event(), threading.Event()
    got: list[bytes] = []

    def make() -> bytes:
        calls.append(1)
        entered.set()
        assert go.wait(30)
        return b"page"

    askers = [threading.Thread(target=lambda: got.append(fresh.made(step, "text", make))) for _ in range(5)]
    for asker in askers:
        asker.start()
    assert entered.wait(30)
    go.set()
    for asker in askers:
        asker.join()

    assert (got, calls) == ([b"page"] * 5, [1])
    assert fresh.made(object(), "text", lambda: b"next") == b"next"


def test_a_head_request_is_told_the_length_and_given_nothing(storage: PrometheusStorage) -> None:
    storage.store(one(1), "metrics")

    got, head = (asked(storage.url, "/metrics", method=method) for method in ("GET", "HEAD"))

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.body))
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/page", "/../etc/passwd", "/%2e%2e/x", "/debug/state"])
def test_an_unknown_path_is_404_and_tells_what_there_is(storage: PrometheusStorage, path: str) -> None:
    reply = asked(storage.url, path)

    assert reply.status == 404
    assert "/metrics /api/overview /healthz /readyz /" in reply.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/metrics", "/", "/healthz"])
def test_another_method_is_405_and_told_which_are_allowed(storage: PrometheusStorage, method: str, path: str) -> None:
    reply = asked(storage.url, path, method=method)

    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_a_connection_is_kept_from_scrape_to_scrape(storage: PrometheusStorage) -> None:
    kept = HTTPConnection("127.0.0.1", urlsplit(storage.url).port, timeout=30)
    sockets = set()
    for value in range(3):
        storage.store(one(value), "metrics")
        assert reply_of(kept, "/metrics").text.endswith(f" {value}\n")
        assert reply_of(kept, "/nothing").status == 404
        sockets.add(kept.sock)
    kept.close()

    assert len(sockets) == 1
    assert sockets != {None}


def test_requests_that_come_together_are_answered_in_order(storage: PrometheusStorage) -> None:
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(storage.url).port or 0)) as client:
        client.sendall(request % (b"/healthz", b"") + request % (b"/nothing", b"Connection: close\r\n"))
        answers = client.makefile("rb").read()

    assert answers.index(b"200 OK") < answers.index(b"404 Not Found")
    assert answers.count(b"HTTP/1.1 ") == 2


def test_the_overview_is_json_of_the_newest_step(storage: PrometheusStorage) -> None:
    storage.store(one(1), "metrics")

    reply = asked(storage.url, "/api/overview", Accept_Encoding="gzip")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(reply.text)["host"] == "test-host"


def test_the_state_of_an_agent_is_shown_where_it_was_asked_for(tmp_path: Path) -> None:
    storage = PrometheusStorage(listen="127.0.0.1:0", debug_state=True)
    machine = Machine(tmp_path).cgroup_v2("/a", {})

    with running(machine, [storage], tasks=[make_task("/a", labels={"app": "redis"})]) as agent:
        before = json.loads(asked(storage.url, "/debug/state").text)
        agent.step()
        state = json.loads(asked(storage.url, "/debug/state").text)

    assert (before["tasks"], before["statistics"]["iterations"]) == ([], 0)
    assert [(task["task_id"], task["cgroup_path"], task["labels"]) for task in state["tasks"]] == [
        ("/a", "/a", {"app": "redis"})
    ]
    assert state["plugins"]["prometheus"]["failing"] == []


def test_a_page_that_cannot_be_made_costs_its_reader_only_and_is_told(
    storage: PrometheusStorage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.store(one("high"), "metrics")  # type: ignore[arg-type]
    broken = asked(storage.url, "/metrics")
    storage.store(one(1), "metrics")

    assert (broken.status, "InconvertibleToPrometheusExpositionFormat" in broken.text) == (500, True)
    assert "value 'high' is of type str" in caplog.text
    assert asked(storage.url, "/metrics").status == 200


def test_others_are_told_where_it_serves(tmp_path: Path) -> None:
    host, storage = Machine(tmp_path).host(), PrometheusStorage(listen="127.0.0.1:0")

    storage.start(host)
    serving = list(host.endpoints)
    storage.stop()

    assert len(serving) == 1
    assert serving[0].startswith("http://127.0.0.1:")
    assert host.endpoints == []


def test_a_stopped_storage_has_no_threads_and_its_port_is_free_at_once(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    storage = PrometheusStorage(listen="127.0.0.1:0")
    storage.start(Machine(tmp_path).host())
    port = urlsplit(storage.url).port
    clients = [socket.create_connection(("127.0.0.1", port or 0)) for _ in range(3)]
    wait_until(lambda: len(threading.enumerate()) == len(before) + 4, "not every client has a thread")

    storage.stop()

    assert set(threading.enumerate()) == before
    assert [client.recv(1) for client in clients] == [b""] * 3
    for client in clients:
        client.close()
    again = PrometheusStorage(listen=f"127.0.0.1:{port}")
    again.start(Machine(tmp_path).host())
    assert asked(again.url, "/healthz").status == 200
    again.stop()
    again.stop()


def test_the_modules_of_the_server_are_loaded_only_where_it_serves() -> None:
    program = "import sys, wca_core.builtin.prometheus.storage; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert {"http", "ssl", "json", "wca_core.builtin.prometheus.server", "wca_core.overview"}.isdisjoint(loaded)
