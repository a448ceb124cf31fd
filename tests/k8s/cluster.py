"""A real etcd and API server, for a node to join: RBAC, tokens of service accounts, client certificates."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.cgroups import wait_until
from tests.containers import output
from tests.k8s.node import Node, bare_node, free_port, kubelet

Json = Any

ADMIN, AGENT = "admin-secret", "agent-secret"
TOKENS = f'{ADMIN},admin,1,"system:masters"\n{AGENT},wca,2\n'


@dataclass(eq=False)
class Cluster:
    """One API server with one node."""

    node: Node
    port: int = field(default_factory=free_port)
    etcd_ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))

    def ask(self, method: str, path: str, body: Json = None, token: str = ADMIN) -> tuple[int, Json]:
        """Status and JSON of an answer."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=self.node.authority.client()
        )
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def must(self, method: str, path: str, body: Json = None) -> Json:
        """The JSON of an answer that is none of failure."""
        status, answer = self.ask(method, path, body)
        assert status < 300, answer
        return answer

    def grant(self, name: str, subject: Json, *rules: Json) -> None:
        """Let somebody do something: a ClusterRole and its binding."""
        group = "/apis/rbac.authorization.k8s.io/v1"
        self.must("POST", f"{group}/clusterroles", {"metadata": {"name": name}, "rules": list(rules)})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
        self.must("POST", f"{group}/clusterrolebindings", binding)

    def start_pod(self, pod: Json) -> None:
        """Bound to the node at once, as there is no scheduler."""
        bound = {**pod, "spec": {**pod["spec"], "nodeName": self.node.name}}
        self.must("POST", "/api/v1/namespaces/default/pods", bound)

    def delete_pod(self, name: str) -> None:
        """Returns once nothing is left of it."""
        path = f"/api/v1/namespaces/default/pods/{name}"
        self.must("DELETE", path)
        wait_until(lambda: self.ask("GET", path)[0] == 404, f"{name} stays", 120)

    def service_account_token(self, name: str) -> str:
        """A new service account, and a token of it."""
        accounts = "/api/v1/namespaces/default/serviceaccounts"
        self.must("POST", accounts, {"metadata": {"name": name}})
        answer = self.must("POST", f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 3600}})
        token: str = answer["status"]["token"]
        return token


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A node with a kubelet that has joined."""
    with bare_node("etcd") as node:
        made = Cluster(node)
        with _etcd(made), _api_server(made), kubelet(node, kubeconfig=_kubeconfig(made)):
            wait_until(partial(_has_joined, made), "the node does not join", 60)
            yield made


def _has_joined(made: Cluster) -> bool:
    return made.ask("GET", f"/api/v1/nodes/{made.node.name}")[0] == 200


@contextmanager
def _etcd(made: Cluster) -> Iterator[None]:
    node = made.node
    client, peer = (f"http://127.0.0.1:{port}" for port in made.etcd_ports)
    options = [
        *(f"--data-dir={node.folder}/etcd", "--name=t", f"--initial-cluster=t={peer}", "--unsafe-no-fsync"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
    ]
    with node.process("etcd", ["etcd", *options]) as process:
        wait_until(partial(node.is_listening, "etcd", process, made.etcd_ports[0]), "etcd does not listen")
        yield


@contextmanager
def _api_server(made: Cluster) -> Iterator[None]:
    node, pki = made.node, made.node.folder / "pki"
    for name in ("apiserver", "apiserver-client"):
        node.authority.sign(name)
    output("openssl", "genrsa", "-out", f"{pki}/accounts.key", "2048")
    (pki / "tokens.csv").write_text(TOKENS)
    options = [
        *(f"--etcd-servers=http://127.0.0.1:{made.etcd_ports[0]}", "--etcd-prefix=/registry"),
        *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={made.port}"),
        *(f"--cert-dir={pki}", f"--tls-cert-file={pki}/apiserver.pem", f"--tls-private-key-file={pki}/apiserver.key"),
        *(f"--client-ca-file={pki}/ca.pem", f"--token-auth-file={pki}/tokens.csv", "--authorization-mode=Node,RBAC"),
        *("--service-account-issuer=https://127.0.0.1", "--api-audiences=kubernetes"),
        f"--service-account-key-file={pki}/accounts.key",
        f"--service-account-signing-key-file={pki}/accounts.key",
        *("--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount"),
        f"--kubelet-client-certificate={pki}/apiserver-client.pem",
        f"--kubelet-client-key={pki}/apiserver-client.key",
        *("--allow-privileged=true", "--endpoint-reconciler-type=none"),
    ]
    with node.process("apiserver", ["nice", str(node.programs / "kube-apiserver"), *options]) as process:
        wait_until(partial(_is_ready, made, process), "the API server is not ready", 120)
        yield


def _is_ready(made: Cluster, process: subprocess.Popen[bytes]) -> bool:
    if not made.node.is_listening("apiserver", process, made.port):
        return False
    status, _ = made.ask("GET", "/api/v1/namespaces/default")
    return status == 200


def _kubeconfig(made: Cluster) -> Path:
    """For the kubelet, which joins as the administrator: who may join is not what is tested."""
    path = made.node.folder / "kubeconfig.json"
    server = {"server": f"https://127.0.0.1:{made.port}", "certificate-authority": f"{made.node.folder}/pki/ca.pem"}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": server}],
                "users": [{"name": "u", "user": {"token": ADMIN}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return path
