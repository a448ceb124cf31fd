"""The real command with the plugin: real containers where a Mesos agent puts them, told by a fake agent."""

from __future__ import annotations

import json
import os
import ssl
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from plugins.wca_mesos.tests.agents import FakeAgent, mesos_agent
from plugins.wca_mesos.tests.given import containers, labels, scalar, state, status, task
from tests.certificates import Authority, needs_openssl
from tests.cgroups import find_trees, is_removed, wait_until
from tests.command import wca
from tests.containers import Runtime, cgroup_mounts, runtime

ROOT = ["--root"] if os.geteuid() == 0 else []
MESOS = "/mesos"
"""Where an agent puts containers if nothing else is configured (--cgroups_root)."""


class Containers:
    """Containers of runc where Mesos puts them, by their ids from the outermost on."""

    def __init__(self, runc: Runtime) -> None:
        self._runc = runc
        self._started: list[tuple[str, ...]] = []

    def start(self, *ids: str) -> int:
        """The pid of the process in a new container."""
        self._started.append(ids)
        self._runc.run(ids[-1], "".join(f"{MESOS}/{container_id}" for container_id in ids))
        pid = int(json.loads(self._runc("state", ids[-1]))["pid"])
        wait_until(partial(is_waiting, pid), f"process {pid} does not become the program that waits")
        return pid

    def end(self) -> None:
        """Those in others first, then the cgroups that runc leaves."""
        for ids in reversed(self._started):
            self._runc("delete", "--force", ids[-1])
        for top in {f"{point}{MESOS}/{ids[0]}" for ids in self._started for point in cgroup_mounts()}:
            for directory, _, _ in os.walk(top, topdown=False):
                wait_until(partial(is_removed, directory), f"{directory} cannot be removed")


def is_waiting(pid: int) -> bool:
    """From now on the container uses nothing."""
    return "(waiting) S" in Path(f"/proc/{pid}/stat").read_text()


@pytest.fixture
def runc() -> Iterator[Containers]:
    with runtime("runc") as client:
        before = {point for point in cgroup_mounts() if Path(point + MESOS).exists()}
        made = Containers(client)
        try:
            yield made
        finally:
            made.end()
            for point in set(cgroup_mounts()) - before:
                is_removed(point + MESOS)


def samples(text: str, name: str) -> dict[str, float]:
    """The values of a metric by task id."""
    return {sample.labels.get("task_id", ""): sample.value for sample in all_samples(text, name)}


def all_samples(text: str, name: str) -> list[Sample]:
    """The parser adds `_total` to the names of counters."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return [sample for sample in found if sample.name.removesuffix("_total") == name]


def kernel_cpu_seconds(path: str) -> float:
    trees = find_trees()
    if trees.version == 1:
        return int((trees.directories["cpuacct"] / path.strip("/") / "cpuacct.usage").read_text()) / 1e9
    words = (trees.directories["cpu"] / path.strip("/") / "cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6


def one_step(agent: FakeAgent, *settings: str) -> str:
    """What one step of the agent stores."""
    fields = [f"mesos.mesos_agent_endpoint={agent.url}", *settings]
    done = wca(
        "run",
        *ROOT,
        "--no-lock",
        "--plugins",
        "mesos,log",
        "--once",
        *[word for one in fields for word in ("--set", one)],
    )
    assert done.returncode == 0, done.stderr
    return "".join(line for line in done.stderr.splitlines(keepends=True) if line.startswith(("#", "task_", "wca_")))


@pytest.mark.root
def test_containers_of_mesos_are_measured_as_the_kernel_counts(runc: Containers) -> None:
    ids = {name: str(uuid.uuid4()) for name in ("web", "db")}
    pids = {name: runc.start(container_id) for name, container_id in ids.items()}
    tasks = [
        task(name, status(pid=pids[name], container=[ids[name]]), labels=labels(("org.apache.aurora.tier", "prod")),
             resources=[scalar("cpus", 0.5), scalar("mem", 64)])
        for name in ids
    ]  # fmt: skip
    with mesos_agent(state=state(*tasks)) as agent:
        text = one_step(agent)

    seconds = samples(text, "task_cpu_usage_seconds")
    assert seconds == pytest.approx({name: kernel_cpu_seconds(f"{MESOS}/{ids[name]}") for name in ids}, rel=0.01)
    assert min(seconds.values()) > 0
    assert samples(text, "task_mem_usage_bytes").keys() == ids.keys()
    assert 'aurora_tier="prod"' in text
    assert samples(text, "wca_tasks") == {"": 2}


@pytest.mark.root
def test_a_task_group_is_measured_as_a_whole_or_each_of_it(runc: Containers) -> None:
    root, own = str(uuid.uuid4()), {name: str(uuid.uuid4()) for name in ("api", "log")}
    root_pid = runc.start(root)
    pids = {name: runc.start(root, container_id) for name, container_id in own.items()}
    tasks = [
        task(name, status(pid=pids[name], container=[root, own[name]]), executor_id={"value": "shop"}) for name in own
    ]
    told = containers({(root,): root_pid, **{(root, own[name]): pid for name, pid in pids.items()}})
    with mesos_agent(state=state(*tasks), containers=told) as agent:
        group = samples(one_step(agent, "mesos.use_get_containers=true"), "task_cpu_usage_seconds")
        separate = samples(one_step(agent, "mesos.nested=separate"), "task_cpu_usage_seconds")
        ignored = samples(one_step(agent, "mesos.nested=ignore"), "task_cpu_usage_seconds")

    paths = {name: f"{MESOS}/{root}{MESOS}/{container_id}" for name, container_id in own.items()}
    counted = {name: kernel_cpu_seconds(path) for name, path in paths.items()}
    assert separate == pytest.approx(counted, rel=0.01)
    assert group == pytest.approx({"shop": sum(counted.values())}, rel=0.01)
    assert ignored == {}


@pytest.mark.root
@needs_openssl
def test_an_agent_with_tls_and_a_password_is_asked_as_the_file_says(runc: Containers, tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "authority")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*authority.sign("agent"))
    (tmp_path / "secret").write_text("hush\n")
    (tmp_path / "secret").chmod(0o600)
    container_id = str(uuid.uuid4())
    told = state(task("web", status(pid=runc.start(container_id), container=[container_id])))
    with mesos_agent(tls=server_side, secret="wca:hush", state=told) as agent:
        done = wca("run", *ROOT, "--no-lock", "--once", "--config", configuration(tmp_path, agent.url, authority))

    assert done.returncode == 0, done.stderr
    assert "hush" not in done.stdout + done.stderr
    found = samples((tmp_path / "metrics.prom").read_text(), "task_cpu_usage_seconds")
    assert found == pytest.approx({"web": kernel_cpu_seconds(f"{MESOS}/{container_id}")}, rel=0.01)


def configuration(folder: Path, url: str, authority: Authority) -> str:
    """The path of a file in the form that configurations have had for years."""
    path = folder / "wca.yaml"
    path.write_text(
        f"""runner: !MeasurementRunner
  node: !MesosNode
    mesos_agent_endpoint: {url}
    timeout: 5
    ssl: !SSL {{server_verify: {authority.certificate}}}
    principal: wca
    secret_path: {folder}/secret
  metrics_storage: !LogStorage {{output_filename: {folder}/metrics.prom, overwrite: true}}
"""
    )
    path.chmod(0o600)
    return str(path)


@needs_openssl
def test_a_configuration_is_checked_without_asking_anybody(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    authority = Authority.made(tmp_path / "authority")
    with mesos_agent() as agent:
        path = configuration(tmp_path, agent.url, authority)
        good = wca("check", "--config", path)
        Path(path).write_text(
            Path(path).read_text().replace("timeout: 5", "timeout: 90").replace("principal:", "user:")
        )
        bad = wca("check", "--config", path)

    assert agent.requests == []
    assert good.returncode == 0, good.stderr
    assert "hush" not in good.stdout + good.stderr
    assert bad.returncode == 1
    assert "from 1 to 60" in bad.stdout + bad.stderr
    assert "has no field 'user'" in bad.stdout + bad.stderr


def test_an_agent_that_is_not_there_costs_its_tasks_only() -> None:
    with mesos_agent() as agent:
        pass

    text = one_step(agent)

    assert samples(text, "wca_undiscovered_steps") == {"": 1}
    assert errors(text) == {("mesos", "network"): 1}
    assert samples(text, "task_cpu_usage_seconds") == {}
    assert samples(text, "wca_up").keys() == {""}


def errors(text: str) -> Mapping[tuple[str, str], float]:
    found = all_samples(text, "wca_discovery_errors")
    return {(sample.labels["node"], sample.labels["kind"]): sample.value for sample in found}
