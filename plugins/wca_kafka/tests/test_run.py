"""`wca run` with Kafka behind TLS with client certificates: another process reads what WCA says it sent."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen

import pytest

from plugins.wca_kafka.tests.given import broker, consumed, count, tls_proxy, wait_until
from tests.certificates import Authority, needs_openssl
from tests.command import wca
from wca_core.testing import Machine

pytestmark = needs_openssl

RUNNER = """
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {{tasks: [web, batch]}}
    interval: 0.2
    metrics_storage: !KafkaStorage
      topic: tree-metrics
      brokers_ips: &brokers ["{server}"]
      ssl: &ssl !SSL
        server_verify: {certificates}/ca.pem
        client_cert_path: {certificates}/client.pem
        client_key_path: {certificates}/client.key
  allocator: !StaticAllocator {{rules: [{{allocations: {{cpu_quota: 0.5}}}}]}}
  anomalies_storage: !KafkaStorage {{topic: tree-anomalies, brokers_ips: *brokers, ssl: *ssl}}
  allocations_storage: !KafkaStorage {{topic: tree-allocations, brokers_ips: *brokers, ssl: *ssl}}
loggers: {{wca.kafka: info}}
"""

SHORT = """
agent: {{interval: 0.2}}
plugins:
  nop-detector:
  kafka:
    topic: {{metrics: m, anomalies: a, allocations: al}}
    brokers_ips: ["{server}"]
    ssl: !SSL
      server_verify: {certificates}/ca.pem
      client_cert_path: {certificates}/client.pem
      client_key_path: {certificates}/client.key
loggers: {{wca.kafka: info}}
"""

ALIAS = """
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {{tasks: [web, batch]}}
    interval: 0.2
    metrics_storage: &kafka !KafkaStorage {{topic: alias, brokers_ips: ["{server}"]}}
  allocator: !StaticAllocator {{rules: [{{allocations: {{cpu_quota: 0.5}}}}]}}
  anomalies_storage: *kafka
  allocations_storage: *kafka
"""

ENDLESS = """
agent: {{interval: 0.1}}
plugins:
  kafka: {{topic: killed, brokers_ips: ["{server}"], idempotence: true, compression: zstd}}
"""


@dataclass(frozen=True)
class Secured:
    """A broker behind a proxy that wants client certificates."""

    direct: list[str]
    server: str
    authority: Authority


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    authority = Authority.made(tmp_path_factory.mktemp("certificates"))
    authority.sign("client")
    with broker() as cluster, tls_proxy(authority, cluster.port) as server:
        yield Secured(cluster.servers, server, authority)


def wca_run(folder: Path, text: str, *options: str) -> CompletedProcess[str]:
    """Five steps on a fake machine with two tasks."""
    machine = Machine(folder / "machine").cpus({0: {0: [0], 1: [1]}})
    for name in ("web", "batch"):
        machine.cgroup_v2(f"/{name}", {"cpu.stat": "usage_usec 2500000\n", "cpu.max": "max 100000\n"})
    configuration = folder / "wca.yaml"
    configuration.write_text(text)
    where = ["--host-root", str(machine.root), "--config", str(configuration)]
    return wca("run", "--root", "--no-lock", "--dry-run", "--count", "5", *where, *options)


def told_counts(log: str) -> dict[str, tuple[int, int]]:
    """Messages and samples by topic, as WCA tells them at its end."""
    found = re.findall(r"(\S+): (\d+) messages with (\d+) samples were delivered, 0 with 0 lost", log)
    return {topic: (int(messages), int(samples)) for topic, messages, samples in found}


def read_counts(servers: list[str], topics: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The same, as the consumer counts."""
    counts = {topic: count(servers, topic) for topic in topics}
    return {topic: (one["messages"], one["samples"]) for topic, one in counts.items()}


def test_a_file_with_three_storages_delivers_what_it_says(secured: Secured, tmp_path: Path) -> None:
    text = RUNNER.format(server=secured.server, certificates=secured.authority.folder)

    ended = wca_run(tmp_path, text)

    told = told_counts(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {topic for topic in told if told[topic][0] >= 5} >= {"tree-metrics", "tree-allocations"}, ended.stdout
    assert told == read_counts(secured.direct, told)


def test_the_short_form_delivers_each_stream_to_its_topic_and_tells_what_it_did(
    secured: Secured, tmp_path: Path
) -> None:
    text = SHORT.format(server=secured.server, certificates=secured.authority.folder)

    ended = wca_run(tmp_path, text)

    told = told_counts(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert told["m"][0] >= 5
    assert told == read_counts(secured.direct, told)
    messages = [message["value"] for message in consumed(secured.direct, "m")]
    assert any("wca_kafka_messages_delivered{host=" in message for message in messages)


def test_an_alias_in_three_roles_is_one_producer(secured: Secured, tmp_path: Path) -> None:
    ended = wca_run(tmp_path, ALIAS.format(server=secured.direct[0]))

    headers = [message["headers"] for message in consumed(secured.direct, "alias")]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {one["stream"] for one in headers} >= {"metrics", "allocations"}
    assert len({one["start"] for one in headers}) == 1
    assert sorted(int(one["sequence"]) for one in headers) == list(range(len(headers)))


def test_a_killed_agent_loses_what_was_under_way_and_doubles_nothing(tmp_path: Path) -> None:
    configuration = tmp_path / "wca.yaml"
    with broker() as cluster:
        cluster.order("topic killed 1")
        configuration.write_text(ENDLESS.format(server=cluster.servers[0]))
        for _ in range(2):
            before = count(cluster.servers, "killed")["messages"]
            with endless(configuration):
                wait_until(lambda before=before: count(cluster.servers, "killed")["messages"] > before + 10)
        headers = [message["headers"] for message in consumed(cluster.servers, "killed")]

    by_start: dict[str, list[int]] = {}
    for one in headers:
        by_start.setdefault(one["start"], []).append(int(one["sequence"]))
    assert len(by_start) == 2
    assert all(found == list(range(len(found))) for found in by_start.values())


@contextmanager
def endless(configuration: Path) -> Iterator[None]:
    """An agent that is killed at the end of the block, without a chance to finish."""
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "run", "--root", "--no-lock"]
    quiet = {"stdout": DEVNULL, "stderr": DEVNULL}
    with Popen([*command, "--config", str(configuration)], **quiet) as process:  # type: ignore[call-overload]
        try:
            yield
        finally:
            process.kill()
