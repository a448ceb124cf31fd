"""The plugin against an API server with TLS on loopback that is asked in every step (`watch: false`)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wca_k8s.node import KubernetesNode

from plugins.wca_k8s.tests.given import UID, captured, pod
from plugins.wca_k8s.tests.servers import GONE, FakeApiServer, refusal, serving
from tests.certificates import Authority, needs_openssl
from wca_core.errors import TaskSynchronizationException
from wca_core.host import Host
from wca_core.testing import Machine
from wca_core.tls import SSL

pytestmark = needs_openssl

TOKEN = "service-account-token"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def server(authority: Authority) -> Iterator[FakeApiServer]:
    made = FakeApiServer(authority)
    made.token = TOKEN
    with serving(made):
        yield made


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def host(tmp_path: Path) -> Host:
    machine = Machine(tmp_path / "root")
    for number in range(5):
        machine.cgroup_v2(f"/kubepods/burstable/pod{uid(number)}", {})
    return machine.cgroup_v2(f"/kubepods/burstable/pod{UID}", {}).host()


def uid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def node_of(server: FakeApiServer, authority: Authority, token: Path, **fields: Any) -> KubernetesNode:
    defaults = {
        "kubeapi_host": "127.0.0.1",
        "kubeapi_port": str(server.port),
        "node_name": "node1",
        "server_cert_ca_path": authority.certificate,
        "client_token_path": str(token),
        "timeout": 1.0,
        "watch": False,
    }
    return KubernetesNode(**{**defaults, **fields})


def names(node: KubernetesNode, host: Host) -> list[str]:
    return [task.name for task in node.discover_tasks(host)]


def test_pods_of_this_node_are_asked_for_in_every_namespace_wanted(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod(uid(0), namespace="shop", name="a"), pod(uid(1), namespace="default", name="b"))
    server.put(pod(uid(2), namespace="other", name="c"), pod(uid(3), name="d", spec={"nodeName": "node2"}))
    node = node_of(server, authority, token, monitored_namespaces=["default", "shop"])

    assert names(node, host) == ["default/b", "shop/a"]
    assert [asked.place for asked in server.asked] == [
        "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/shop/pods",
    ]
    for asked in server.asked:
        assert asked.query == {"limit": "500", "resourceVersion": "0", "fieldSelector": "spec.nodeName=node1"}
        assert asked.body == b""


def test_a_star_stands_for_all_namespaces(server: FakeApiServer, authority: Authority, token: Path, host: Host) -> None:
    server.put(pod(uid(0), namespace="shop", name="a"), pod(uid(1), namespace="kube-system", name="b"))

    assert names(node_of(server, authority, token, monitored_namespaces=["*"]), host) == ["shop/a", "kube-system/b"]
    assert [asked.place for asked in server.asked] == ["/api/v1/pods"]


def test_where_only_the_address_is_known_pods_of_other_nodes_are_left_out_here(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod(uid(0), name="ours"), pod(uid(1), name="other", hostIP="192.0.2.9"))

    assert names(node_of(server, authority, token, node_name=None, node_ip=" 192.0.2.2\n"), host) == ["default/ours"]
    assert "fieldSelector" not in server.asked[0].query


def test_a_label_selector_is_sent_and_the_other_one_evaluated_here(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod(uid(0), name="a", metadata={"labels": {"app": "web"}}))
    server.put(pod(uid(1), name="b", metadata={"labels": {"app": "web", "old": ""}}), pod(uid(2), name="c"))
    fields = {"pod_label_selector": "app in (web)", "pod_exclude_label_selector": "old"}

    assert names(node_of(server, authority, token, **fields), host) == ["default/a"]
    assert server.asked[0].query["labelSelector"] == "app in (web)"


def test_long_lists_come_in_pages(server: FakeApiServer, authority: Authority, token: Path, host: Host) -> None:
    server.put(*(pod(uid(number), name=f"p{number}") for number in range(5)))

    assert names(node_of(server, authority, token, page_limit=2), host) == [f"default/p{number}" for number in range(5)]
    assert [asked.query.get("continue") for asked in server.asked] == [None, "2", "4"]
    assert all("resourceVersion" not in asked.query for asked in server.asked[1:])


def test_pages_that_expire_are_listed_again_once(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(*(pod(uid(number), name=f"p{number}") for number in range(3)))
    node = node_of(server, authority, token, page_limit=2)

    server.pages_expire = 1
    assert len(names(node, host)) == 3
    assert [asked.query.get("resourceVersion") for asked in server.asked] == ["0", None, None, None]

    server.pages_expire = 2
    with pytest.raises(TaskSynchronizationException, match="410"):
        names(node_of(server, authority, token, page_limit=2), host)


def test_a_real_answer_of_an_api_server_is_tasks(
    server: FakeApiServer, authority: Authority, token: Path, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "real")
    pods = captured("apiserver_pods")
    server.put(*pods)
    for document in captured("kubelet_pods"):
        machine.cgroup_v2(f"/kubepods/{document['status']['qosClass'].lower()}/pod{document['metadata']['uid']}", {})
    machine.cgroup_v2(f"/kubepods/pod{pods[0]['metadata']['uid']}", {})

    tasks = node_of(server, authority, token).discover_tasks(machine.host())

    assert [(task.name, task.task_id) for task in tasks] == [
        (f"default/{document['metadata']['name']}", document["metadata"]["uid"]) for document in pods
    ]


def test_a_missing_token_is_a_failed_poll_until_it_is_there(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod())
    token.rename(token.with_suffix(".new"))
    node = node_of(server, authority, token)

    with pytest.raises(TaskSynchronizationException, match="the secret in it cannot be read"):
        names(node, host)

    token.with_suffix(".new").rename(token)
    assert names(node, host) == ["default/web"]


def test_a_client_certificate_needs_no_token(authority: Authority, tmp_path: Path, host: Host) -> None:
    made = FakeApiServer(authority, needs_certificate=True)
    made.put(pod())
    certificate, key = authority.sign("client")
    with serving(made):
        shown = SSL(client_cert_path=certificate, client_key_path=key)
        assert names(node_of(made, authority, tmp_path / "none", ssl=shown), host) == ["default/web"]
        assert "Authorization" not in made.asked[0].headers


def test_an_authority_that_is_not_there_is_a_failed_poll(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    with pytest.raises(TaskSynchronizationException, match=r"SSL: /nowhere/ca\.crt cannot be used"):
        names(node_of(server, authority, token, server_cert_ca_path="/nowhere/ca.crt"), host)


def test_a_server_of_another_authority_is_told_how_to_be_trusted(
    server: FakeApiServer, authority: Authority, token: Path, host: Host, tmp_path: Path
) -> None:
    stranger = Authority.made(tmp_path / "stranger")

    with pytest.raises(TaskSynchronizationException, match="Name the authority of the cluster"):
        names(node_of(server, authority, token, server_cert_ca_path=stranger.certificate), host)


@pytest.mark.parametrize("code", [401, 403, 404, 500])
def test_a_refusal_is_told_in_the_server_s_words(
    server: FakeApiServer, authority: Authority, token: Path, host: Host, code: int
) -> None:
    told = 'pods is forbidden: User "wca" cannot list resource "pods"'
    server.behaviour = lambda handler: handler.give_json(refusal(code, "Reason", told), code)

    with pytest.raises(TaskSynchronizationException, match=f"HTTP {code} .*pods is forbidden"):
        names(node_of(server, authority, token), host)


def test_a_list_of_an_expired_version_is_asked_for_without_it(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod())
    server.behaviours = [lambda handler: handler.give_json(GONE, 410)]

    assert names(node_of(server, authority, token), host) == ["default/web"]


def test_who_asks_in_every_step_never_goes_back_in_time(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod(uid(0), name="a"))
    node = node_of(server, authority, token, page_limit=1)
    names(node, host)
    server.put(pod(uid(1), name="b"))

    assert names(node, host) == ["default/a", "default/b"]

    first, second = server.lists()
    assert (first.query["resourceVersion"], first.query["limit"]) == ("0", "1")
    assert second.query == {"resourceVersion": "101", "fieldSelector": "spec.nodeName=node1"}


def test_pods_of_all_nodes_come_in_pages_in_every_step(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(*(pod(uid(number), name=f"p{number}") for number in range(2)))
    node = node_of(server, authority, token, page_limit=1, node_name=None, node_ip="192.0.2.2")

    assert [len(names(node, host)), len(names(node, host))] == [2, 2]

    assert [asked.query.get("resourceVersion") for asked in server.lists()] == ["0", None, "0", None]
    assert all(asked.query["limit"] == "1" for asked in server.lists())


def test_a_version_that_no_server_may_have_any_more_is_not_insisted_on(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod())
    node = node_of(server, authority, token)
    names(node, host)
    server.behaviours = [lambda handler: handler.give(b"", 500)]

    with pytest.raises(TaskSynchronizationException, match="HTTP 500"):
        names(node, host)
    assert names(node, host) == ["default/web"]

    assert [asked.query["resourceVersion"] for asked in server.lists()] == ["0", "101", "0"]


def test_all_pages_together_may_take_twice_the_timeout(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(*(pod(uid(number), name=f"p{number}") for number in range(5)))
    node = node_of(server, authority, token, page_limit=1)

    def slowly(handler: Any) -> None:
        time.sleep(0.8)
        server.answer(handler)

    server.behaviour = slowly
    with pytest.raises(TaskSynchronizationException, match="in time"):
        names(node, host)
    assert len(server.asked) <= 3


def test_the_last_answer_stands_in_for_one_that_fails(
    server: FakeApiServer, authority: Authority, token: Path, host: Host
) -> None:
    server.put(pod())
    node = node_of(server, authority, token, max_staleness=5.0)
    first = node.discover_tasks(host)
    server.behaviour = lambda handler: handler.give(b"", 500)

    assert node.discover_tasks(host)[0] is first[0]
