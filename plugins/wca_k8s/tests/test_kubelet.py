"""The plugin against a kubelet with TLS on loopback: what it asks, what it does when the answer is none."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wca_k8s.node import KubernetesNode

from plugins.wca_k8s.tests.given import UID, captured, container_id, many, pod
from plugins.wca_k8s.tests.servers import NEVER, FakeKubelet, Handler, hung_up, serving
from tests.certificates import Authority, needs_openssl
from wca_core.errors import TaskSynchronizationException
from wca_core.readiness import State, examined
from wca_core.testing import Machine, run_step, running
from wca_core.tls import SSL

pytestmark = needs_openssl

POD = f"/kubepods/burstable/pod{UID}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def kubelet(authority: Authority) -> Iterator[FakeKubelet]:
    server = FakeKubelet(authority)
    with serving(server):
        yield server


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path).cgroup_v2(f"{POD}/{container_id()}", {"cpu.stat": "usage_usec 2500000"})


def node_of(kubelet: FakeKubelet, authority: Authority, **fields: Any) -> KubernetesNode:
    defaults = {"kubelet_endpoint": kubelet.url, "ssl": SSL(server_verify=authority.certificate), "timeout": 1.0}
    return KubernetesNode(kubelet_enabled=True, **{**defaults, **fields})


def ids(node: KubernetesNode, machine: Machine) -> list[str]:
    return [task.task_id for task in node.discover_tasks(machine.host())]


def metrics(node: KubernetesNode) -> dict[str, float]:
    return {repr(sample.series): sample.value for sample in node.collect_metrics()}


def test_pods_are_asked_for_with_one_get_without_a_body(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods = [pod()]

    assert ids(node_of(kubelet, authority, kubelet_endpoint=f"{kubelet.url}/some/path"), machine) == [UID]

    (asked,) = kubelet.asked
    assert (asked.path, asked.body) == ("/pods", b"")
    assert asked.headers["Accept"] == "application/json"
    assert "Content-Length" not in asked.headers


def test_only_monitored_namespaces_are_tasks(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    kubelet.pods = [pod(namespace="kube-system")]

    assert ids(node_of(kubelet, authority), machine) == []
    assert ids(node_of(kubelet, authority, monitored_namespaces=["*"]), machine) == [UID]


def test_the_node_s_address_does_not_matter_to_a_kubelet(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods = [pod(hostIP="")]

    assert ids(node_of(kubelet, authority, node_ip="198.51.100.1", node_name="other"), machine) == [UID]


def test_a_real_answer_of_a_kubelet_is_tasks(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    kubelet.pods = captured("kubelet_pods_full")
    for document in kubelet.pods:
        qos = document["status"]["qosClass"].lower()
        machine.cgroup_v2(f"/kubepods/{qos}/pod{document['metadata']['uid']}".replace("guaranteed/", ""), {})

    tasks = node_of(kubelet, authority).discover_tasks(machine.host())

    assert {task.name for task in tasks} == {
        *("default/api-pod", "default/be-static-node1", "default/redis-static-node1")
    }


def test_a_task_that_did_not_change_is_the_same_object_in_every_step(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods = [pod()]
    node = node_of(kubelet, authority)
    first = node.discover_tasks(machine.host())
    kubelet.pods = [pod(metadata={"resourceVersion": "9"})]

    assert node.discover_tasks(machine.host())[0] is first[0]


def test_an_empty_answer_is_no_failure(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    node = node_of(kubelet, authority)
    assert ids(node, machine) == []

    kubelet.behaviour = lambda handler: handler.give(b'{"items": null}')
    assert ids(node, machine) == []
    assert metrics(node)["wca_k8s_stale{}"] == 0


# -- who may ask ---------------------------------------------------------------------------------


def test_a_token_is_shown_and_the_renewed_one_after_it(
    kubelet: FakeKubelet, authority: Authority, machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    token = tmp_path / "token"
    token.write_text("first-secret\n")
    token.chmod(0o600)
    kubelet.pods, kubelet.token = [pod()], "first-secret"
    node = node_of(kubelet, authority, client_token_path=str(token))
    assert ids(node, machine) == [UID]

    kubelet.token = "second-secret"
    with pytest.raises(TaskSynchronizationException, match="401"):
        ids(node, machine)
    assert len(kubelet.asked) == 3  # once again with what the file has now

    token.write_text("second-secret\n")
    assert ids(node, machine) == [UID]
    assert "-secret" not in caplog.text


def test_a_token_is_not_shown_beside_a_certificate_or_without_tls(
    authority: Authority, machine: Machine, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    certificate, key = authority.sign("client")
    secure, plain = FakeKubelet(authority, needs_certificate=True), FakeKubelet(None)
    secure.pods = plain.pods = [pod()]
    shown = SSL(server_verify=authority.certificate, client_cert_path=certificate, client_key_path=key)
    with serving(secure), serving(plain):
        for server, ssl in ((secure, shown), (plain, None)):
            node = node_of(server, authority, ssl=ssl, client_token_path=str(token))
            assert ids(node, machine) == [UID]
            assert "Authorization" not in server.asked[0].headers


def test_a_kubelet_that_wants_a_certificate_refuses_who_has_none(authority: Authority, machine: Machine) -> None:
    server = FakeKubelet(authority, needs_certificate=True)
    with serving(server), pytest.raises(TaskSynchronizationException):
        ids(node_of(server, authority), machine)


def test_a_refusal_is_told_as_the_kubelet_tells_it_and_ends_when_it_does(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods, kubelet.is_forbidden = [pod()], True
    node = node_of(kubelet, authority)

    with pytest.raises(TaskSynchronizationException, match=r"HTTP 403 Forbidden: .*subresource=proxy"):
        ids(node, machine)
    assert metrics(node)['wca_discovery_errors{kind="http_403",node="k8s"}'] == 1

    kubelet.is_forbidden = False
    assert ids(node, machine) == [UID]


def test_a_kubelet_that_signs_for_itself_is_told_how_to_be_trusted(kubelet: FakeKubelet, machine: Machine) -> None:
    node = KubernetesNode(kubelet_enabled=True, kubelet_endpoint=kubelet.url)

    with pytest.raises(
        TaskSynchronizationException, match=r"serverTLSBootstrap.*server_verify: /.*server_verify: false"
    ):
        ids(node, machine)


def test_verification_can_be_left_out_with_a_warning(
    kubelet: FakeKubelet, authority: Authority, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    kubelet.pods = [pod()]

    assert ids(node_of(kubelet, authority, ssl=SSL(server_verify=False)), machine) == [UID]
    assert "server_verify: false" in caplog.text


def test_the_kubelet_tells_its_driver_where_the_cgroups_do_not(
    kubelet: FakeKubelet, authority: Authority, tmp_path: Path
) -> None:
    machine = Machine(tmp_path).cgroup_v2("/other", {})
    kubelet.pods, kubelet.cgroup_driver = [pod()], "systemd"
    node = node_of(kubelet, authority, cgroup_driver="auto")
    assert ids(node, machine) == []

    machine.cgroup_v2(
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID.replace('-', '_')}.slice", {}
    )
    assert ids(node, machine) == [UID]
    assert [asked.path for asked in kubelet.asked] == ["/pods", "/configz", "/pods"]


def test_a_doctor_learns_whether_the_kubelet_tells_and_what_to_do_where_it_does_not(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    machine.file("/proc/self/ns/mnt", "")
    node, host = node_of(kubelet, authority), machine.host()
    told = next(one for one in node.requirements() if one.need.startswith("pods"))
    assert examined(told, host).state is State.MET

    kubelet.is_forbidden = True
    finding = examined(told, host)
    assert finding.state is State.MISSING
    assert "HTTP 403 Forbidden" in finding.found
    assert "nodes/pods" in finding.cure
    assert not finding.is_refusal


# -- answers that are none -----------------------------------------------------------------------


def truncated(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"items": [')
    handler.close_connection = True


def silent(handler: Handler) -> None:
    time.sleep(NEVER)


def dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


BROKEN = {
    "truncated": (truncated, "IncompleteRead|closed", "network"),
    "silent": (silent, "no answer in time", "network"),
    "dripping": (dripping, "no whole answer in time", "network"),
    "dropped": (hung_up, "/pods: ", "network"),
    "oversized": (lambda handler: handler.give(b" " * 70_000), "an answer of more than 65536 bytes", "network"),
    "html": (lambda handler: handler.give(b"<html>"), "JSON expected, found '<html>'", "network"),
    "deep": (lambda handler: handler.give(b"[" * 50_000), "JSON expected", "network"),
    "list": (lambda handler: handler.give(b"[]"), "a list of pods expected.*found list", "content"),
    "shape": (lambda handler: handler.give(b'{"items": {}}'), "a list of pods expected", "content"),
    "status": (lambda handler: handler.give(b'{"kind": "Status"}'), "a list of pods expected.*'Status'", "content"),
    "500": (lambda handler: handler.give(b"boom", 500), "HTTP 500 .*boom", "http_500"),
    "503": (lambda handler: handler.give(b"later", 503, Retry_After="60"), "HTTP 503", "http_503"),
    "redirect": (lambda handler: handler.give(b"", 307, Location="https://127.0.0.2:1/pods"), "sends to", "http_307"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failed_poll_is_told_and_counted_and_the_next_one_succeeds(
    kubelet: FakeKubelet, authority: Authority, machine: Machine, name: str
) -> None:
    behaviour, told, kind = BROKEN[name]
    kubelet.pods, kubelet.behaviours = [pod()], [behaviour]
    node = node_of(kubelet, authority, max_response_bytes=65536)

    with pytest.raises(TaskSynchronizationException, match=told):
        ids(node, machine)
    assert metrics(node)[f'wca_discovery_errors{{kind="{kind}",node="k8s"}}'] == 1
    assert not any("last_success" in series for series in metrics(node))

    assert ids(node, machine) == [UID]
    assert metrics(node)['wca_discovery_last_success_timestamp{node="k8s"}'] == machine.clock.now()


def test_nobody_there_is_a_failed_poll(authority: Authority, machine: Machine) -> None:
    server = FakeKubelet(authority)
    with serving(server):
        node = node_of(server, authority)

    with pytest.raises(TaskSynchronizationException, match="refused"):
        ids(node, machine)


def test_a_server_that_asks_to_come_again_soon_is_asked_once_more(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods = [pod()]
    kubelet.behaviours = [lambda handler: handler.give(b"", 429, Retry_After="0")]

    assert ids(node_of(kubelet, authority), machine) == [UID]
    assert len(kubelet.asked) == 2


def test_one_odd_pod_costs_only_itself(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    kubelet.pods = [None, {"metadata": 7}, pod()]
    node = node_of(kubelet, authority)

    assert ids(node, machine) == [UID]
    assert metrics(node)['wca_k8s_pods_skipped{reason="malformed"}'] == 2


def test_the_last_answer_stands_in_for_one_that_fails_as_long_as_it_may(
    kubelet: FakeKubelet, authority: Authority, machine: Machine
) -> None:
    kubelet.pods = [pod()]
    node = node_of(kubelet, authority, max_staleness=30.0)
    first = node.discover_tasks(machine.host())

    kubelet.behaviour = lambda handler: handler.give(b"", 500)
    machine.clock.advance(30)
    assert node.discover_tasks(machine.host())[0] is first[0]
    assert node.is_stale  # nothing is allocated to these
    assert metrics(node)["wca_k8s_stale{}"] == 1

    machine.clock.advance(1)
    with pytest.raises(TaskSynchronizationException, match="500"):
        node.discover_tasks(machine.host())

    kubelet.behaviour = None
    assert node.discover_tasks(machine.host())[0] is first[0]
    assert metrics(node)["wca_k8s_stale{}"] == 0


def test_a_step_whose_poll_fails_has_no_tasks_but_all_else_and_the_next_has_them_as_before(
    kubelet: FakeKubelet, authority: Authority, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    from wca_core.builtin.cgroup.metrics import CgroupMetrics

    kubelet.pods = [pod()]
    with running(machine, [node_of(kubelet, authority), CgroupMetrics()]) as agent:
        before = agent.step()
        kubelet.behaviour = lambda handler: handler.give(b"", 500)
        failed = agent.step()
        kubelet.behaviour = None
        after = agent.step()

    assert [task.task_id for task in before.tasks] == [UID]
    assert failed.tasks == ()
    assert {sample.name for sample in failed.samples} >= {"wca_discovery_errors", "wca_k8s_stale"}
    assert not any(sample.name.startswith("task_") for sample in failed.samples)
    assert after.tasks[0] is before.tasks[0]
    assert "TaskSynchronizationException" in caplog.text


def test_a_step_measures_what_containers_use(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    from wca_core.builtin.cgroup.metrics import CgroupMetrics

    kubelet.pods = [pod(metadata={"labels": {"app": "web"}})]
    step = run_step(machine, [node_of(kubelet, authority), CgroupMetrics()])

    assert step.value("task_cpu_usage_seconds", UID, app="web", task_name="default/web") == 2.5


def test_two_hundred_pods_are_tasks(kubelet: FakeKubelet, authority: Authority, machine: Machine) -> None:
    kubelet.pods = many(200)
    for document in kubelet.pods:
        machine.cgroup_v2(f"/kubepods/pod{document['metadata']['uid']}", {})

    assert len(ids(node_of(kubelet, authority), machine)) == 200
    assert len(json.dumps(kubelet.pods)) > 400_000


def test_nothing_is_logged_about_a_poll_that_succeeds(
    kubelet: FakeKubelet, authority: Authority, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    kubelet.pods = [pod()]

    assert ids(node_of(kubelet, authority), machine) == [UID]
    assert caplog.records == []
