"""Watching an API server: what happens is known without asking, and what breaks is mended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from wca_k8s.apiserver import ApiServer
from wca_k8s.node import KubernetesNode
from wca_k8s.pods import Rules, is_on_node
from wca_k8s.sources import Watching
from wca_k8s.watch import BackOff, Watch

from plugins.wca_k8s.tests.given import UID, pod
from plugins.wca_k8s.tests.servers import GONE, FakeApiServer, Handler, refusal, serving
from tests.certificates import Authority, needs_openssl
from tests.cgroups import wait_until
from wca_core.errors import TaskSynchronizationException
from wca_core.host import Host
from wca_core.net import HttpClient
from wca_core.net.polls import Polls
from wca_core.testing import Machine

OTHER = "11111111-2222-3333-4444-555555555555"
PATIENCE = 20.0


@pytest.fixture
def server() -> Iterator[FakeApiServer]:
    made = FakeApiServer(None)
    with serving(made):
        yield made


@contextmanager
def watching(server: FakeApiServer, namespace: str | None = "default", **rules: Any) -> Iterator[Watch]:
    """A watch that waits a hundredth of what it would."""
    api = ApiServer(client=HttpClient(server.url, timeout=1.0), timeout=1.0, node_name=rules.get("node_name", ""))
    wanted = partial(is_on_node, rules=Rules(**rules))
    watch = Watch(
        api, namespace, wanted=wanted, polls=Polls("k8s", lambda: 7.0), back_off=BackOff(first=0.01, longest=0.3)
    )
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("wca-k8s-watch")]


def uids(watch: Watch) -> list[str]:
    return [document["metadata"]["uid"] for document in watch.documents]  # type: ignore[index]


def until(is_so: Callable[[], bool], what: str) -> None:
    wait_until(is_so, f"{what}, but did not", PATIENCE)


def errors(watch: Watch) -> dict[str, float]:
    samples = watch._polls.samples()
    return {one.labels["kind"]: one.value for one in samples if one.name == "wca_discovery_errors"}


def test_pods_come_change_and_go(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: uids(watch) == [UID], "the first list is known")
        server.put(pod(OTHER, name="second"))
        until(lambda: uids(watch) == [UID, OTHER], "a pod comes")
        server.put(pod(name="renamed"))
        until(lambda: watch.documents[0]["metadata"]["name"] == "renamed", "a pod changes")  # type: ignore[index]
        server.delete(UID)
        until(lambda: uids(watch) == [OTHER], "a pod goes")

    assert len(server.lists()) == len(server.watches()) == 1
    assert server.watches()[0].query == {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": "101"}
    assert server.watches()[0].place == "/api/v1/namespaces/default/pods"


def test_nothing_is_asked_while_nothing_happens_and_the_answer_is_the_same_object(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server) as watch:
        source = Watching([watch], PATIENCE)
        first = source.documents()
        until(lambda: len(server.watches()) == 1, "it watches")
        asked = len(server.asked)

        assert all(source.documents() is first for _ in range(100))
        assert len(server.asked) == asked


def test_a_bookmark_is_where_the_next_connection_goes_on(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        before = watch.documents
        server.bookmark()
        until(lambda: watch._version == "102", "the bookmark is read")
        server.end_watches()
        until(lambda: len(server.watches()) == 2, "it connects again")

        assert watch.documents is before
    assert server.watches()[1].query["resourceVersion"] == "102"
    assert len(server.lists()) == 1


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_connection_that_ends_is_made_again_and_nothing_is_missed(server: FakeApiServer, is_broken: bool) -> None:
    server.put(pod())
    with watching(server) as watch:
        for number in range(5):
            until(lambda number=number: len(server.watches()) > number, "it watches")  # type: ignore[misc]
            if is_broken:
                server.drop_watches()
            else:
                server.end_watches()
            server.put(pod(f"uid-{number}", name=f"p{number}"))
        until(lambda: len(watch.documents) == 6, "all pods are known")

    assert len(server.lists()) == 1


@pytest.mark.parametrize("is_in_stream", [True, False])
def test_a_version_that_is_gone_is_listed_again_and_pods_known_stay_until_then(
    server: FakeApiServer, is_in_stream: bool
) -> None:
    server.put(pod(), pod(OTHER))
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.forget_history()
        with server.store.changed:
            del server.store.pods[UID]  # while nobody watched
        if not is_in_stream:
            server.behaviours = [lambda handler: handler.give_json(GONE, 410)]
        assert len(watch.documents) == 2
        server.end_watches()
        until(lambda: uids(watch) == [OTHER], "the new list is known")

        assert errors(watch) == {}  # nothing is wrong about that
    assert len(server.lists()) == 2


def test_a_server_that_cannot_be_asked_leaves_the_pods_known_stale_and_is_asked_again(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.behaviour = lambda handler: handler.give(b"", 503)
        server.drop_watches()
        until(lambda: errors(watch).get("http_503", 0) >= 3, "it tries again and again")
        assert (uids(watch), watch.is_stale) == ([UID], True)

        server.behaviour = None
        server.put(pod(OTHER))
        until(lambda: uids(watch) == [UID, OTHER], "it goes on")
        assert not watch.is_stale
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    assert "those known stay" in told[0].message


def test_who_may_list_but_not_watch_lists_again_and_again(server: FakeApiServer) -> None:
    server.put(pod())

    def forbidding(handler: Handler) -> None:
        if "watch" in handler.query:
            handler.give_json(refusal(403, "Forbidden", "cannot watch"), 403)
        else:
            server.answer(handler)

    server.behaviour = forbidding
    with watching(server) as watch:
        until(lambda: uids(watch) == [UID], "the first list is known")
        server.put(pod(OTHER))
        until(lambda: uids(watch) == [UID, OTHER], "a pod comes")
        assert errors(watch)["http_403"] >= 1


def test_before_the_first_list_there_are_no_tasks(server: FakeApiServer) -> None:
    server.behaviour = lambda handler: handler.give(b"not yet", 500)
    with watching(server) as watch:
        source = Watching([watch], PATIENCE)
        with pytest.raises(TaskSynchronizationException, match=r"HTTP 500 .*not yet"):
            source.documents()

        server.put(pod())
        server.behaviour = None
        until(lambda: watch.is_complete, "the list comes")
        assert len(source.documents()) == 1


def test_no_step_but_the_first_waits_for_the_network(server: FakeApiServer) -> None:
    begun = threading.Event()

    def silent(handler: Handler) -> None:
        begun.set()
        released.wait(PATIENCE)

    released = threading.Event()
    server.behaviour = silent
    with watching(server) as watch:
        source = Watching([watch], patience=0.05)
        for _ in range(3):
            with pytest.raises(TaskSynchronizationException, match="not listed yet"):
                source.documents()
        assert begun.wait(PATIENCE)
        assert not watch._tried.is_set()
        released.set()


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"type": "ADDED"}', b'{"type": "ADDED", "object": []}', b"\xff"])
def test_what_is_no_event_is_counted_and_the_pods_are_listed_again(server: FakeApiServer, line: bytes) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.say(line)
        server.put(pod(OTHER))
        until(lambda: uids(watch) == [UID, OTHER], "it goes on")

        assert errors(watch) == {"content": 1}
    assert len(server.lists()) == 2


def test_events_of_unknown_kinds_and_odd_pods_are_no_obstacle(server: FakeApiServer) -> None:
    server.put(pod())
    with watching(server) as watch:
        until(lambda: len(server.watches()) == 1, "it watches")
        server.say(b'{"type": "NEW", "object": {}}')
        server.say(b'{"type": "ADDED", "object": {"metadata": {"uid": 7, "name": "odd"}}}')
        server.put(pod(OTHER))
        until(lambda: len(watch.documents) == 3, "the odd pod is there to be counted as malformed")

        assert errors(watch) == {}


def test_pods_of_other_nodes_are_not_kept(server: FakeApiServer) -> None:
    server.put(pod(), pod("far", hostIP="192.0.2.9"))
    with watching(server, None, node_ip="192.0.2.2") as watch:
        until(lambda: uids(watch) == [UID], "the first list is known")
        server.put(pod(OTHER, hostIP=""))
        server.put(pod("later"), pod(OTHER))
        until(lambda: uids(watch) == [UID, "later", OTHER], "a pod is bound")
        server.put(pod("later", hostIP="192.0.2.9"))
        until(lambda: uids(watch) == [UID, OTHER], "it is another node's")

    assert server.watches()[0].place == "/api/v1/pods"


def test_waiting_times_double_up_to_the_longest_and_are_shortened_at_random() -> None:
    back_off = BackOff()

    pauses = [back_off.pause() for _ in range(7)]
    for pause, whole in zip(pauses, (1, 2, 4, 8, 16, 30, 30), strict=True):
        assert whole / 2 <= pause <= whole
    back_off.reset()
    assert back_off.pause() <= 1


@needs_openssl
def test_the_plugin_watches_each_namespace_in_their_order_and_ends_with_the_agent(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "pki")
    made = FakeApiServer(authority)
    machine = Machine(tmp_path / "root")
    for uid in (UID, OTHER):
        machine.cgroup_v2(f"/kubepods/burstable/pod{uid}", {})
    made.put(pod(namespace="shop"), pod(OTHER, namespace="default"))
    (tmp_path / "token").write_text("t")
    with serving(made):
        node = KubernetesNode(
            kubeapi_host="127.0.0.1",
            kubeapi_port=made.port,
            node_name="node1",
            client_token_path=str(tmp_path / "token"),
            server_cert_ca_path=authority.certificate,
            monitored_namespaces=["default", "shop"],
            pod_label_selector="!x",
        )
        host = machine.host()
        node.start(host)
        try:
            first = steps(node, host)
            assert [task.name for task in first] == ["default/web", "shop/web"]
            until(lambda: len(made.watches()) == 2, "both are watched")
            asked = len(made.asked)
            again = steps(node, host)
            assert all(one is other for one, other in zip(first, again, strict=True))
            assert len(made.asked) == asked

            made.delete(UID)
            until(lambda: [task.task_id for task in steps(node, host)] == [OTHER], "a pod goes")
            assert {repr(sample.series): sample.value for sample in node.collect_metrics()}["wca_k8s_stale{}"] == 0
        finally:
            node.stop()
    for asked in made.asked:
        assert asked.query["fieldSelector"] == "spec.nodeName=node1"
        assert asked.query["labelSelector"] == "!x"
        assert asked.headers["Authorization"] == "Bearer t"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wca-k8s-watch")]


def steps(node: KubernetesNode, host: Host) -> list[Any]:
    return list(node.discover_tasks(host))


def test_who_changed_what_is_not_kept(server: FakeApiServer) -> None:
    server.put(pod(metadata={"managedFields": [{"manager": "kubelet"}]}))
    with watching(server) as watch:
        until(lambda: uids(watch) == [UID], "the first list is known")
        server.put(pod(OTHER, metadata={"managedFields": [{"manager": "kubelet"}]}))
        until(lambda: len(watch.documents) == 2, "a pod comes")

        assert not any("managedFields" in document["metadata"] for document in watch.documents)  # type: ignore[index]
