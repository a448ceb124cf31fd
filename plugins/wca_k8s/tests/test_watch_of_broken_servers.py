"""Watching API servers that end, lag behind, err or say nothing: neither a task nor the agent's time is lost."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_k8s.apiserver import ApiServer
from wca_k8s.node import KubernetesNode
from wca_k8s.sources import Watching
from wca_k8s.watch import JOINING, BackOff, Watch

from plugins.wca_k8s.tests.given import UID, pod
from plugins.wca_k8s.tests.servers import GONE, FakeApiServer, Handler, Json, refusal, serving
from plugins.wca_k8s.tests.test_watch import OTHER, PATIENCE, errors, uids, until, watching
from wca_core.net import HttpClient
from wca_core.net.polls import Polls

TOO_LARGE = refusal(504, "Timeout", "Too large resource version: 900, current: 7")


@pytest.fixture
def server() -> Iterator[FakeApiServer]:
    made = FakeApiServer(None)
    with serving(made):
        yield made


def telling(*events: Json) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def watches_end_with(server: FakeApiServer, *events: Json) -> None:
    """Lists are answered as ever."""

    def behaviour(handler: Handler) -> None:
        if "watch" not in handler.query:
            server.answer(handler)
            return
        handler.begin()
        if events:
            handler.chunk(telling(*events))
        handler.chunk(b"")

    server.behaviour = behaviour


BOOKMARK = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "105"}}}


@pytest.mark.parametrize(
    "events", [[BOOKMARK, {"type": "ERROR", "object": GONE}], [{"type": "ERROR", "object": GONE}], []]
)
def test_a_server_whose_watches_end_at_once_is_not_asked_without_a_pause(
    server: FakeApiServer, events: list[Json]
) -> None:
    watches_end_with(server, *events)
    pauses = BackOff(first=30.0)
    api = ApiServer(client=HttpClient(server.url, timeout=1.0), timeout=1.0)
    watch = Watch(api, "default", wanted=lambda _: True, polls=Polls("k8s", lambda: 7.0), back_off=pauses)

    assert watch._attempt() >= 15
    assert watch._attempt() >= 15

    assert len(server.watches()) == 2
    assert watch.is_complete


def test_a_version_that_is_gone_long_after_the_last_list_is_listed_again_at_once(server: FakeApiServer) -> None:
    watches_end_with(server, {"type": "ERROR", "object": GONE})
    api = ApiServer(client=HttpClient(server.url, timeout=1.0), timeout=1.0)
    pauses = BackOff(first=0.0, longest=-1.0)  # every list is long ago
    watch = Watch(api, "default", wanted=lambda _: True, polls=Polls("k8s", lambda: 7.0), back_off=pauses)

    assert watch._attempt() == 0.0


@pytest.mark.parametrize(("events", "lists"), [([], 2), ([BOOKMARK], 1)])
def test_pods_are_listed_again_after_a_connection_that_lasted_and_told_nothing(
    server: FakeApiServer, events: list[Json], lists: int
) -> None:
    watches_end_with(server, *events)
    api = ApiServer(client=HttpClient(server.url, timeout=1.0), timeout=1.0)
    pauses = BackOff(settled=-1.0)  # every connection lasted
    watch = Watch(api, "default", wanted=lambda _: True, polls=Polls("k8s", lambda: 7.0), back_off=pauses)

    watch._attempt()
    watch._attempt()

    assert len(server.lists()) == lists


def test_an_error_in_the_stream_is_counted_told_and_listed_after(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.say(telling({"type": "ERROR", "object": refusal(500, "InternalError", "no leader")}).strip())
        server.end_watches()
        until(lambda: len(server.lists()) == 2, "it lists again")

        assert errors(watch) == {"http_500": 1}
        assert uids(watch) == [UID]
    assert "500: no leader" in caplog.text


@pytest.mark.parametrize("code", [None, "410", True, 1e400, 7])
def test_an_error_without_a_status_is_one_of_the_server(server: FakeApiServer, code: Json) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.say(telling({"type": "ERROR", "object": {"code": code, "message": ["odd"]}}).strip())
        until(lambda: errors(watch) == {"http_500": 1}, "it is counted")


def test_a_list_after_a_gap_is_no_older_than_what_is_known(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server, node_name="node1") as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.put(pod(OTHER))
        until(lambda: len(watch.documents) == 2, "a pod comes")
        server.forget_history()
        server.end_watches()
        until(lambda: len(server.lists()) == 2, "it lists again")

    first, second = server.lists()
    assert first.query["resourceVersion"] == "0"
    assert second.query == {
        "resourceVersion": "102",
        "fieldSelector": "spec.nodeName=node1",
    }


@pytest.mark.parametrize("answer", [TOO_LARGE, GONE, refusal(400, "BadRequest", "invalid resource version")])
def test_a_server_that_knows_nothing_so_new_is_asked_for_what_there_is(server: FakeApiServer, answer: Json) -> None:
    server.put(pod())
    api = ApiServer(client=HttpClient(server.url, timeout=1.0), timeout=1.0, node_name="node1")
    server.behaviours = [lambda handler: handler.give_json(answer, answer["code"])]

    found = api.list("default", not_before="900")

    assert (len(found.pods), found.version) == (1, "101")
    assert server.asked[1].query == {"limit": "500", "fieldSelector": "spec.nodeName=node1"}


def test_many_watches_that_hang_end_together() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        watches = [
            Watch(
                ApiServer(client=HttpClient(url, timeout=60.0), timeout=60.0),
                f"n{number}",
                wanted=lambda _: True,
                polls=Polls("k8s", lambda: 7.0),
            )
            for number in range(3)
        ]
        source = Watching(watches, patience=0.01)
        source.start()

        started = time.monotonic()
        source.stop()
        lasted = time.monotonic() - started

    assert lasted < 2 * JOINING  # each for itself would take three times as long
    for thread in threading.enumerate():
        if thread.name.startswith("wca-k8s-watch"):
            thread.join(30)  # the server is gone now


def test_a_watch_that_listens_ends_though_another_one_took_all_the_time(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1 and not watch.is_stale, "it watches")
        until(lambda: watch._api.client._streamed is not None, "the answer begins")

        watch.stop(deadline=time.monotonic() - 1)

        watch._thread.join(PATIENCE)
        assert not watch._thread.is_alive()


def test_a_token_stands_in_no_text_of_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("swordfish")
    node = KubernetesNode(
        kubelet_enabled=True, client_token_path=str(tmp_path / "token"), kubelet_endpoint="https://127.0.0.1:1"
    )

    needs = [need.need for need in node.requirements()]

    assert "swordfish" not in f"{node!r} {needs} {vars(node)!r}"
