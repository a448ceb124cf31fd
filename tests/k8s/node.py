"""A real kubelet with a real containerd, for tests: everything it has is below one folder and one cgroup.

`WCA_K8S_BIN` names the folder of the programs `kubelet` and `kube-apiserver`; all others are Debian's. The kubelet sets
sysctls of the machine, so it runs in a mount namespace where copies cover them. Containers use the host's network, so
no network plugin is needed; images are made here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.cgroups import is_removed, kill_all_in, wait_until
from tests.containers import cgroup_mounts, end, output

BIN = "WCA_K8S_BIN"
IMAGE = "docker.io/local/work:1"
SYSCTLS = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)
WORK = r"""
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static void leave(int number) { _exit(0); }
int main(int count, char **words) {
    signal(SIGTERM, leave);
    double seconds = count > 1 ? atof(words[1]) : 0;
    while ((double)clock() / CLOCKS_PER_SEC < seconds);
    for (;;) pause();
}
"""
"""The only program in containers: uses CPU time for so many seconds, then waits for its end."""

COVER = """
set -e
for name in {names}; do
    copy={folder}/sysctl/$(echo $name | tr / _); cat /proc/sys/$name >$copy; mount --bind $copy /proc/sys/$name
done
echo ready
exec cat
"""
CONTAINERD = """
version = 2
root = "{folder}/containerd"
state = "{folder}/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{folder}/cni"
    conf_dir = "{folder}/cni"
"""


def needed(*programs: str) -> Path:
    """The folder of kubelet and API server; the test is skipped where it cannot run."""
    if os.geteuid() != 0:
        pytest.skip("only root may run a kubelet")
    if not os.environ.get(BIN):
        pytest.skip(f"{BIN} does not name a folder with kubelet and kube-apiserver (tests/k8s/README.md)")
    folder = Path(os.environ[BIN])
    absent = [name for name in ("kubelet", "kube-apiserver") if not os.access(folder / name, os.X_OK)]
    absent += [
        name for name in (*programs, "containerd", "ctr", "runc", "gcc", "openssl") if shutil.which(name) is None
    ]
    if absent:
        pytest.skip(f"not found: {', '.join(absent)} ({BIN}={folder}, tests/apt-packages.txt)")
    if not list(v1_points()):
        pytest.skip("a kubelet of cgroup v1 needs its trees")
    return folder


def v1_points() -> Iterator[Path]:
    """Where the trees of v1 are mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind == "cgroup":
            yield Path(point)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@dataclass(eq=False)
class Node:
    """One node; `authority` signs for all its servers and clients."""

    programs: Path
    folder: Path
    authority: Authority
    name: str = "node1"
    port: int = field(default_factory=free_port)
    namespace: int = 0
    """The process whose mount namespace is that of the node."""

    @property
    def cgroup(self) -> str:
        """The cgroup above all pods."""
        return f"/{self.folder.name}"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    def inside(self, *command: str) -> list[str]:
        """A command in the node's mount namespace."""
        return ["nsenter", f"--target={self.namespace}", "--mount", "--", *command]

    def ctr(self, *arguments: str) -> str:
        return output(*self.inside("ctr", f"--address={self.folder}/containerd.sock", "--namespace=k8s.io", *arguments))

    @contextmanager
    def process(
        self, name: str, command: Sequence[str], directory: Path | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A program whose words go to `NAME.log`, ended at the end."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=directory)
            try:
                yield process
            finally:
                end(process)

    def last_words(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-600:]

    def is_listening(self, name: str, process: subprocess.Popen[bytes], port: int) -> bool:
        assert process.poll() is None, f"{name} ended: {self.last_words(name)}"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False


@contextmanager
def bare_node(*programs: str) -> Iterator[Node]:
    """A node with containerd and an image, without a kubelet."""
    place = needed(*programs)
    folder = Path(tempfile.mkdtemp(prefix="wca-k8s-"))
    node = Node(place, folder, Authority.made(folder / "pki"))
    for name in ("manifests", "sysctl", "kubelet", "volumes", "cni"):
        (folder / name).mkdir()
    try:
        for point in v1_points():
            (point / node.folder.name).mkdir()
        with _mount_namespace(node), _containerd(node):
            yield node
    finally:
        for point in cgroup_mounts():  # runc makes its cgroups in the unified tree too
            for directory, _, _ in os.walk(f"{point}{node.cgroup}", topdown=False):
                kill_all_in(Path(directory))
                wait_until(partial(is_removed, directory), f"{directory} cannot be removed")
        shutil.rmtree(folder)


@contextmanager
def kubelet(node: Node, *, kubeconfig: Path | None = None) -> Iterator[None]:
    """The node's kubelet; with a kubeconfig it asks the API server who may ask it, else it trusts certificates only."""
    node.authority.sign("kubelet")
    configuration = node.folder / "kubelet.json"
    configuration.write_text(json.dumps(_kubelet_configuration(node, is_webhook=kubeconfig is not None)))
    options = [
        f"--config={configuration}",
        f"--container-runtime-endpoint=unix://{node.folder}/containerd.sock",
        f"--root-dir={node.folder}/kubelet",
        f"--cert-dir={node.folder}/pki",
        f"--volume-plugin-dir={node.folder}/volumes",
        f"--hostname-override={node.name}",
        *([f"--kubeconfig={kubeconfig}"] if kubeconfig else []),
    ]
    program = str(node.programs / "kubelet")
    version = re.search(r"v(\d+)\.(\d+)", output(program, "--version"))
    if version is None or (int(version[1]), int(version[2])) < (1, 24):
        options += ["--container-runtime=remote", f"--seccomp-profile-root={node.folder}/kubelet"]
    with node.process("kubelet", node.inside("nice", program, *options)) as process:
        wait_until(partial(node.is_listening, "kubelet", process, node.port), "the kubelet does not listen")
        yield


def _kubelet_configuration(node: Node, *, is_webhook: bool) -> object:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": node.port,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "staticPodPath": str(node.manifests),
        "fileCheckFrequency": "1s",
        "syncFrequency": "1s",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup,
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "tlsCertFile": f"{node.folder}/pki/kubelet.pem",
        "tlsPrivateKeyFile": f"{node.folder}/pki/kubelet.key",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": is_webhook, "cacheTTL": "1s"},
            "x509": {"clientCAFile": node.authority.certificate},
        },
        "authorization": {
            "mode": "Webhook" if is_webhook else "AlwaysAllow",
            "webhook": {"cacheAuthorizedTTL": "1s", "cacheUnauthorizedTTL": "1s"},
        },
        "oomScoreAdj": 0,
        "evictionHard": {"memory.available": "10Mi"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "hairpinMode": "none",
        "makeIPTablesUtilChains": False,
    }


@contextmanager
def _mount_namespace(node: Node) -> Iterator[None]:
    script = COVER.format(names=" ".join(SYSCTLS), folder=node.folder)
    command = ["unshare", "--mount", "--propagation=private", "sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        node.namespace = process.pid
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(10)


@contextmanager
def _containerd(node: Node) -> Iterator[None]:
    configuration = node.folder / "containerd.toml"
    configuration.write_text(CONTAINERD.format(folder=node.folder, image=IMAGE))
    with node.process("containerd", node.inside("containerd", f"--config={configuration}")) as process:
        wait_until(lambda: process.poll() is not None or _answers(node), "containerd does not answer")
        assert process.poll() is None, f"containerd ended: {node.last_words('containerd')}"
        node.ctr("images", "import", str(_image(node.folder)))
        try:
            yield
        finally:
            _remove_containers(node)


def _answers(node: Node) -> bool:
    with suppress(AssertionError):
        node.ctr("version")
        return True
    return False


def _remove_containers(node: Node) -> None:
    for name in node.ctr("tasks", "list", "--quiet").split():
        with suppress(AssertionError):  # ended meanwhile
            node.ctr("tasks", "delete", "--force", name)
    for name in node.ctr("containers", "list", "--quiet").split():
        with suppress(AssertionError):
            node.ctr("containers", "delete", name)
    for process in Path("/proc").glob("[0-9]*"):  # shims of containerd that outlive their container
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"containerd-shim-runc-v2") and f"{node.folder}/containerd.sock".encode() in words:
                os.kill(int(process.name), signal.SIGKILL)


def _image(folder: Path) -> Path:
    """An archive of an image with one program, made of files of this machine."""
    source, program, archive = folder / "work.c", folder / "work", folder / "image.tar"
    source.write_text(WORK)
    output("gcc", "-static", "-Os", "-o", str(program), str(source))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for name in ("proc", "sys", "dev", "etc", "tmp"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            layer.addfile(directory)
        layer.add(program, "work")
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/work"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": [f"{digest}/layer.tar"]}]
    parts = {
        "config.json": json.dumps(configuration).encode(),
        f"{digest}/layer.tar": content,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(archive, "w") as whole:
        for name, part in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(part)
            whole.addfile(entry, io.BytesIO(part))
    return archive
