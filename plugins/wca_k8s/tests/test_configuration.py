"""Fields are checked before anything starts, and mean what they always meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wca_k8s.access import Access
from wca_k8s.cgroups import CgroupDriverType
from wca_k8s.node import KubernetesNode

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.testing import check_plugin
from wca_core.tls import SSL

API: dict[str, Any] = {"kubeapi_host": "10.0.0.1", "kubeapi_port": "443", "node_name": "node1"}


def node_of(tmp_path: Path, text: str) -> KubernetesNode:
    file = tmp_path / "wca.yaml"
    file.write_text(f"runner: !MeasurementRunner\n  node: !KubernetesNode\n{text}")
    node = configured(Request(file=str(file))).runner.node  # type: ignore[attr-defined]
    assert isinstance(node, KubernetesNode)
    return node


def test_a_file_of_years_ago_means_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("HOST_IP", "192.0.2.2")

    node = node_of(
        tmp_path,
        """
    cgroup_driver: !CgroupDriverType systemd
    monitored_namespaces: ["default", "shop"]
    kubeapi_host: !Env KUBERNETES_SERVICE_HOST
    kubeapi_port: !Env KUBERNETES_SERVICE_PORT
    node_ip: !Env HOST_IP
    timeout: 3
""",
    )

    assert node.cgroup_driver is CgroupDriverType.SYSTEMD
    assert (node.kubeapi_host, node.kubeapi_port, node.node_ip) == ("10.0.0.1", "443", "192.0.2.2")
    assert node.watch is None
    assert node.require_ready is True


def test_defaults_are_the_documented_ones() -> None:
    node = KubernetesNode(kubelet_enabled=True)

    assert node.cgroup_driver is CgroupDriverType.CGROUPFS
    assert node.client_token_path == "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert node.server_cert_ca_path == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    assert node.kubelet_endpoint == "https://127.0.0.1:10250"
    assert (node.timeout, node.monitored_namespaces, node.page_limit) == (5, ["default"], 500)
    assert (node.container_runtime, node.cgroup_root, node.task_per) == ("auto", "/", "pod")
    assert (node.max_staleness, node.max_response_bytes) == (0, 64 << 20)
    assert {metric.name for metric in check_plugin(node)} == {
        *("wca_discovery_errors", "wca_discovery_duration_seconds", "wca_discovery_last_success_timestamp"),
        *("wca_k8s_pods_skipped", "wca_k8s_stale"),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("    kubelet_enabled: true\n    timeout: 0", "from 1 to 60"),
        ("    kubelet_enabled: true\n    page_limit: 5001", "from 1 to 5000"),
        ("    kubelet_enabled: true\n    max_staleness: 601", "from 0 to 600"),
        ("    kubelet_enabled: true\n    cgroup_driver: cgroup", "cgroup_driver"),
        ("    kubelet_enabled: true\n    container_runtime: rkt", "container_runtime"),
        ("    kubelet_enabled: true\n    host_namespace_pods: no", "host_namespace_pods"),
        ("    kubelet_enabled: true\n    task_per: node", "task_per"),
        ("    kubelet_enabled: true\n    cgroup_root: ../x", "cgroup_root"),
        ("    kubelet_enabled: true\n    kubelet_endpoint: 127.0.0.1:10250", "kubelet_endpoint"),
        ("    kubelet_enabled: true\n    client_token_path: /nowhere", "may read"),
        ("    kubelet_enabled: true\n    pod_label_selector: 'a in b'", "pod_label_selector: a label selector"),
        ("    kubelet_enabled: true\n    pod_exclude_label_selector: '('", "pod_exclude_label_selector: a label"),
        ("    kubelet_enabled: true\n    monitored_namespaces: ['*', default]", r"or \['\*'\] expected"),
        ("    kubelet_enabled: true\n    monitored_namespaces: ['a/b']", "names of namespaces"),
        ("    kubelet_enabled: true\n    monitored_namespaces: []", "no namespace, no task"),
        ("    kubelet_enabled: true\n    watch: true", "a kubelet .* cannot be watched"),
        ("    kubelet_enabeld: true", "did you mean kubelet_enabled"),
    ],
)
def test_a_value_that_does_not_fit_is_told_before_anything_starts(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        node_of(tmp_path, f"{text}\n")


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, r"kubeapi_host, kubeapi_port and node_name .*KUBERNETES_SERVICE_HOST"),
        ({**API, "kubeapi_port": None}, "missing: kubeapi_port;"),
        ({**API, "node_name": None}, r"missing: node_name \(or node_ip\);"),
        ({**API, "kubeapi_host": " "}, "missing: kubeapi_host;"),
        ({**API, "kubeapi_host": "a/b"}, "a host name or an address"),
        ({**API, "kubeapi_port": "0"}, "a port from 1 to 65535"),
        ({**API, "kubeapi_port": "https"}, "a port from 1 to 65535"),
    ],
)
def test_the_api_server_has_to_be_named(fields: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        KubernetesNode(**fields)


def test_variables_that_are_not_set_are_named() -> None:
    with pytest.raises(ConfigurationError, match="KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, HOST_IP"):
        KubernetesNode(kubeapi_host="", kubeapi_port="", node_ip="")


def test_a_port_may_be_a_number_as_the_command_line_gives_it() -> None:
    KubernetesNode(**{**API, "kubeapi_port": 6443})


@pytest.mark.parametrize("host", ["::1", "[::1]", "2001:db8::1"])
def test_addresses_of_ip_6_stand_in_brackets(host: str) -> None:
    KubernetesNode(**{**API, "kubeapi_host": host})

    assert access().api_server(host.strip("[]"), "443").url == f"https://[{host.strip('[]')}]:443"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://127.0.0.1:10250", "https://127.0.0.1:10250"),
        ("https://node:10250/stats?x=1", "https://node:10250"),
        ("http://[::1]:10255/", "http://[::1]:10255"),
    ],
)
def test_a_path_in_the_endpoint_of_the_kubelet_is_left_away(endpoint: str, url: str) -> None:
    assert access().kubelet(endpoint).url == url


def access(**fields: Any) -> Access:
    defaults = {"ssl": None, "client_token_path": None, "server_cert_ca_path": None}
    return Access(**{**defaults, "timeout": 5.0, "max_response_bytes": 1 << 20, **fields})


def test_whom_to_trust_follows_from_ssl_and_the_authority_of_the_cluster(tmp_path: Path) -> None:
    authority, other, certificate = (str(tmp_path / name) for name in ("ca", "other", "cert"))
    for path in (authority, other, certificate):
        Path(path).write_text("x")
    shown = SSL(client_cert_path=certificate)

    def kubelet(ssl: SSL | None, ca: str | None) -> object:
        return trusted(access(ssl=ssl, server_cert_ca_path=ca).kubelet("https://a"))

    def api(ssl: SSL | None, ca: str | None) -> object:
        return trusted(access(ssl=ssl, server_cert_ca_path=ca).api_server("a", "1"))

    assert api(None, authority) == (authority, None)
    assert api(None, "/nowhere") == ("/nowhere", None)
    assert api(None, None) == (True, None)
    assert api(shown, authority) == (authority, certificate)
    assert api(shown, "/nowhere") == (True, certificate)
    assert api(SSL(server_verify=other), authority) == (other, None)
    assert api(SSL(server_verify=False), authority) == (False, None)
    assert kubelet(None, authority) == (authority, None)
    assert kubelet(None, "/nowhere") == (True, None)
    assert kubelet(shown, authority) == (True, certificate)
    assert kubelet(SSL(server_verify=other), authority) == (other, None)


def trusted(client: Any) -> tuple[object, object]:
    """What a client was given."""
    return client._tls.server_verify, client._tls.client_cert_path
