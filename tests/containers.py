"""Real container engines for tests, each in a folder of its own, ended with all containers and cgroups it made.

Nothing is downloaded: the only program in a container is one that waits, compiled here and linked statically.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.cgroups import PATIENCE, is_removed, kill_all_in, wait_until
from tests.vm.guest import IS_GUEST

WAITING = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"
IMAGE = "local/waiting:1"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where engines of one test work."""

    folder: Path
    """With a short path: sockets are made below it."""
    cgroup: str
    """The cgroup in which all containers are to be."""

    @property
    def rootfs(self) -> Path:
        return self.folder / "rootfs"

    @property
    def archive(self) -> Path:
        """The root file system as a tar file."""
        return self.folder / "rootfs.tar"


def needed(*programs: str) -> None:
    """Skip the test if it cannot run here."""
    if os.geteuid() != 0:
        pytest.skip("only root may run containers")
    missing = [program for program in (*programs, "gcc") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (tests/apt-packages.txt)")


@contextmanager
def ground() -> Iterator[Ground]:
    """A folder with a root file system, and the name of a cgroup; all that is there at the end is removed."""
    folder = Path(tempfile.mkdtemp(prefix="wca-"))
    made = Ground(folder, f"/wca-test-{os.getpid()}-{secrets.token_hex(3)}")
    try:
        for name in ("bin", "proc", "sys", "dev", "etc", "tmp"):
            (made.rootfs / name).mkdir(parents=True)
        source = folder / "waiting.c"
        source.write_text(WAITING)
        output("gcc", "-static", "-Os", "-o", str(made.rootfs / "bin/waiting"), str(source))
        with tarfile.open(made.archive, "w") as archive:
            archive.add(made.rootfs, arcname=".")
        yield made
    finally:
        for point in cgroup_mounts():
            for directory, _, _ in os.walk(f"{point}{made.cgroup}", topdown=False):
                kill_all_in(Path(directory))
                wait_until(partial(is_removed, directory), f"{directory} cannot be removed")
        unmount_below(folder)
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Docker:
    ground: Ground

    @property
    def data(self) -> Path:
        return self.ground.folder / "docker"

    def run(self, name: str) -> str:
        """Start a container; its id."""
        parent = f"--cgroup-parent={self.ground.cgroup}/docker"
        return self("run", "--detach", "--network=none", parent, f"--name={name}", IMAGE, "/bin/waiting").strip()

    def __call__(self, *arguments: str) -> str:
        return output("docker", f"--host=unix://{self.ground.folder}/docker.sock", *arguments)


@contextmanager
def docker() -> Iterator[Docker]:
    needed("dockerd", "docker", "containerd", "runc")
    with ground() as place:
        folder = place.folder
        places = [f"--data-root={folder}/docker", f"--exec-root={folder}/run", f"--pidfile={folder}/pid"]
        network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        driver = "--exec-opt=native.cgroupdriver=cgroupfs"
        client = Docker(place)
        with daemon(
            ["dockerd", f"--host=unix://{folder}/docker.sock", *places, *network, driver], folder, client, "info"
        ):
            client("import", str(place.archive), IMAGE)
            try:
                yield client
            finally:
                client("rm", "--force", *client("ps", "--all", "--quiet").split(), "none")


@dataclass(frozen=True, slots=True)
class Podman:
    ground: Ground

    @property
    def storage(self) -> Path:
        return self.ground.folder / "storage"

    def run(self, name: str) -> str:
        """Start a container; its id."""
        limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]  # the defaults need CAP_SYS_RESOURCE
        options = ["--detach", "--pull=never", "--network=none", f"--cgroup-parent={self.ground.cgroup}", *limits]
        return self("run", *options, f"--name={name}", f"localhost/{IMAGE}", "/bin/waiting").strip()

    def __call__(self, *arguments: str) -> str:
        folder = self.ground.folder
        driver = "vfs" if IS_GUEST else "overlay"  # there everything is on tmpfs, which overlay refuses
        places = [f"--root={self.storage}", f"--runroot={folder}/run", f"--tmpdir={folder}/libpod"]
        places.append(f"--storage-driver={driver}")
        return output(
            "podman", *places, "--cgroup-manager=cgroupfs", "--events-backend=file", "--runtime=runc", *arguments
        )


@contextmanager
def podman() -> Iterator[Podman]:
    needed("podman", "conmon", "runc")
    with ground() as place:
        client = Podman(place)
        try:
            client("import", str(place.archive), f"localhost/{IMAGE}")
        except AssertionError as reason:
            pytest.skip(f"podman does not work here: {reason}")
        try:
            yield client
        finally:
            client("rm", "--all", "--force", "--time=0")


@dataclass(frozen=True, slots=True)
class Containerd:
    ground: Ground

    @property
    def state(self) -> Path:
        return self.ground.folder / "state"

    def run(self, name: str) -> None:
        self("run", "--detach", "--rootfs", str(self.ground.rootfs), name, "/bin/waiting")

    def __call__(self, *arguments: str) -> str:
        namespace = f"--namespace={self.ground.cgroup.strip('/')}"
        return output("ctr", f"--address={self.ground.folder}/containerd.sock", namespace, *arguments)


@contextmanager
def containerd() -> Iterator[Containerd]:
    """Its namespace, and so the cgroup above its containers, is that of the ground."""
    needed("containerd", "ctr", "runc")
    with ground() as place:
        configuration = place.folder / "containerd.toml"
        configuration.write_text(
            f'version = 2\nroot = "{place.folder}/containerd"\nstate = "{place.folder}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{place.folder}/containerd.sock"\n'
        )
        client = Containerd(place)
        with daemon(["containerd", f"--config={configuration}"], place.folder, client, "version"):
            try:
                yield client
            finally:
                for name in client("tasks", "list", "--quiet").split():
                    client("tasks", "kill", "--signal=KILL", name)
                    wait_until(lambda: "RUNNING" not in client("tasks", "list"), f"container {name} does not end")
                    client("containers", "remove", name)


@dataclass(frozen=True, slots=True)
class Runtime:
    """runc or crun, without an engine."""

    program: str
    ground: Ground

    @property
    def state(self) -> Path:
        return self.ground.folder / self.program

    def run(self, name: str, cgroup: str) -> None:
        bundle = self.ground.folder / f"bundle-{name}"
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(bundle_of(self.ground.rootfs, cgroup)))
        self("run", "--detach", f"--bundle={bundle}", name)

    def __call__(self, *arguments: str) -> str:
        return output(self.program, f"--root={self.state}", *arguments)


@contextmanager
def runtime(program: str) -> Iterator[Runtime]:
    needed(program)
    with ground() as place:
        client = Runtime(program, place)
        try:
            yield client
        finally:
            for name in [path.name for path in client.state.iterdir()] if client.state.exists() else []:
                client("delete", "--force", name)


def bundle_of(rootfs: Path, cgroup: str) -> object:
    """What an OCI runtime is told of a container."""
    namespaces = [{"type": name} for name in ("pid", "mount", "ipc", "uts")]
    return {
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": 0, "gid": 0}, "args": ["/bin/waiting"], "cwd": "/", "env": ["PATH=/bin"]},
        "root": {"path": str(rootfs), "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "annotations": {"org.opencontainers.image.ref.name": IMAGE},
        "linux": {"cgroupsPath": cgroup, "namespaces": namespaces},
    }


@contextmanager
def daemon(command: Sequence[str], folder: Path, client: Docker | Containerd, question: str) -> Iterator[None]:
    """A daemon that answers a client; the test is skipped, with what it said last, if it ends before."""
    log = folder / "daemon.log"
    with ExitStack() as stack:
        process = subprocess.Popen(command, stdout=stack.enter_context(log.open("w")), stderr=subprocess.STDOUT)
        stack.callback(end, process)
        deadline = time.monotonic() + PATIENCE
        while not answers(client, question):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"{command[0]} does not work here: {log.read_text().splitlines()[-1:]}")
            time.sleep(0.05)
        yield


def answers(client: Docker | Containerd, question: str) -> bool:
    with suppress(AssertionError):
        client(question)
        return True
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def output(*command: str) -> str:
    """What a program says. Raises `AssertionError` with its complaint if it fails.

    Into files: a container that goes on would keep pipes open, and the reader waiting.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=complaint, timeout=PATIENCE, check=False
        )
        said.seek(0)
        complaint.seek(0)
        assert done.returncode == 0, f"{' '.join(command)}: {complaint.read().strip()[-400:]}"
        return said.read()


def cgroup_mounts() -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [point for _, point, kind, *_ in map(str.split, lines) if kind in ("cgroup", "cgroup2")]


def unmount_below(folder: Path) -> None:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    points = [line.split()[1] for line in lines]
    for point in sorted((point for point in points if point.startswith(f"{folder}/")), reverse=True):
        output("umount", point)
