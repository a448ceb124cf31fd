"""Brokers, consumers and proxies as processes of their own, and samples to send."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wca_kafka.storage import KafkaStorage

from tests.certificates import Authority
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, Samples, counter, gauge
from wca_core.plugin_api import call_hook

FOLDER = Path(__file__).parent
PRODUCE, INIT_PRODUCER = 0, 22
UNKNOWN_TOPIC, NOT_LEADER, TIMED_OUT, TOO_LARGE, NOT_AUTHORIZED = 3, 6, 7, 10, 31

USAGE = Metric("task_cpu_usage_seconds", "CPU time used by the task.", counter, unit="seconds", levels=("number",))
LOAD = Metric("task_load", 'Load with "quotes" and \\.', gauge, levels=("number",))


@dataclass(slots=True)
class Broker:
    """The emulated cluster; see `broker_process`."""

    process: subprocess.Popen[str]
    servers: list[str] = field(default_factory=list)

    def order(self, command: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(command, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "ok\n"

    @property
    def port(self) -> int:
        return int(self.servers[0].rsplit(":", 1)[1])


@contextmanager
def broker(brokers: int = 1) -> Iterator[Broker]:
    """A cluster, ended with the block."""
    with process("broker_process.py", str(brokers)) as started:
        assert started.stdout is not None
        yield Broker(started, started.stdout.readline().strip().split(","))


@contextmanager
def tls_proxy(authority: Authority, backend_port: int) -> Iterator[str]:
    """`HOST:PORT` of a proxy that wants client certificates."""
    authority.sign("server")
    with process("proxy_process.py", str(backend_port), str(authority.folder), "0") as started:
        assert started.stdout is not None
        yield f"127.0.0.1:{started.stdout.readline().strip()}"


@contextmanager
def cutting_proxy(backend_port: int, every: int) -> Iterator[str]:
    """`HOST:PORT` of a proxy that closes the connection instead of each answer of this number."""
    with process("proxy_process.py", str(backend_port), "-", str(every)) as started:
        assert started.stdout is not None
        yield f"127.0.0.1:{started.stdout.readline().strip()}"


@contextmanager
def process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(FOLDER / script), *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as started:  # type: ignore[call-overload]
        try:
            yield started
        finally:
            started.kill()


def consumed(servers: Sequence[str], *topics: str, **settings: str) -> list[dict[str, Any]]:
    """All messages of these topics, read by another process."""
    return [json.loads(line) for line in _consumer([], servers, topics, settings).splitlines()]


def count(servers: Sequence[str], *topics: str, **settings: str) -> dict[str, int]:
    """`messages`, `samples`, different `values` and `doubles` of these topics, counted by another process."""
    counts: dict[str, int] = json.loads(_consumer(["--count"], servers, topics, settings))
    return counts


def _consumer(options: list[str], servers: Sequence[str], topics: Sequence[str], settings: Mapping[str, str]) -> str:
    known = {name.replace("_", "."): value for name, value in settings.items()}
    arguments = [json.dumps({"bootstrap.servers": ",".join(servers), **known}), *topics]
    command = [sys.executable, str(FOLDER / "consumer_process.py"), *options, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout


@contextmanager
def started(storage: KafkaStorage) -> Iterator[KafkaStorage]:
    storage.start(Host(name="h1"))
    try:
        yield storage
    finally:
        storage.stop()


def samples(number: int, first: int = 0) -> Samples:
    """So many samples of one metric, all with different labels and values: from `first` on."""
    return Samples.of(USAGE.sample(first + at, number=str(at)) for at in range(number))


def told(storage: object) -> dict[str, float]:
    """What a storage tells of itself, by name and reason, without the prefix and over all topics."""
    found: dict[str, float] = {}
    collected = call_hook(storage, "collect_metrics")
    assert isinstance(collected, list)
    for sample in collected:
        assert isinstance(sample, Sample)
        reason = sample.labels.get("reason") or sample.labels.get("statistic")
        name = sample.name.removeprefix("wca_kafka_") + (f".{reason}" if reason else "")
        found[name] = found.get(name, 0) + sample.value
    return found


def is_balanced(numbers: Mapping[str, float]) -> bool:
    """produced = delivered + failed + dropped + queued"""
    lost = sum(value for name, value in numbers.items() if name.startswith(("messages_failed", "messages_dropped")))
    return numbers["messages_produced"] == numbers["messages_delivered"] + lost + numbers["queue_messages"]


def wait_until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    """Raises `AssertionError` if it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.01)


def all_confirmed(storage: KafkaStorage, messages: int) -> None:
    """Wait until the broker has confirmed so many."""
    wait_until(lambda: told(storage)["messages_delivered"] >= messages)
