"""`python -m bench kafka`: what a step waits for Kafka, what sending costs, and what an outage of the broker does.

The broker is librdkafka's emulation in a process of its own, which costs neither.

| figure | what |
|---|---|
| blocked | a call of `store`, as the step makes it |
| whole | CPU time of this process, all threads, from the call to the last confirmation: making the text too |
| sending | the same for a text that is there already: cutting, handing over, the library's threads, reports |
| bare | the same with the library alone: cut anywhere, nothing counted, no reports: nobody can be faster |
| late | steps that took longer than the interval, or were left out: counted by the agent |
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from confluent_kafka import Producer
from wca_kafka.accounting import Account
from wca_kafka.client import Client
from wca_kafka.fields import Mode
from wca_kafka.messages import Chunk, Headers, Message
from wca_kafka.outgoing import Bounds, Outgoing
from wca_kafka.storage import KafkaStorage
from wca_kafka.text import families, split

from bench.cgroups import cgroups
from bench.errors import BenchError
from bench.paced import Program, running, wait_for_page
from bench.programs import Files, agent
from bench.table import show, spread
from plugins.wca_kafka.tests.given import Broker, broker, told
from wca_core.exposition import Page
from wca_core.host import Host
from wca_core.model.metric import Metric, Samples, Series, counter
from wca_core.testing import make_task

METRICS = 8
"""Of each task: with labels as Kubernetes gives them some 1.8 MB for 1000 tasks."""
ROUND_TRIP = 10
"""Milliseconds."""
LIMIT = 100_000
"""Bytes of a message, as by default."""
INTERVAL = 0.1
PATIENCE = 60.0


def kafka(tasks: int, steps: int, away: float) -> None:
    """Measure and print. Raises `BenchError`; `away`: seconds that the broker is away."""
    with broker() as cluster:
        cluster.order(f"latency 1 {ROUND_TRIP}")
        rows = [_calls(cluster, mode, tasks, steps) for mode in ("async", "sync")]
        text = _text(tasks)
        sending = [[spread(_sending(cluster, text, steps), 2), spread(_bare(cluster, text, steps), 2)]]
    show(("mode", "messages a step", "blocked ms", "whole ms"), rows)
    show(("sending ms", "bare ms"), sending)
    _outage(away)


def _calls(cluster: Broker, mode: Mode, tasks: int, steps: int) -> list[str]:
    """A row: calls of one storage, one after the other was confirmed."""
    storage = KafkaStorage(
        topic=mode, brokers_ips=cluster.servers, mode=mode, max_timeout_in_seconds=5, total_timeout=60
    )
    series = _series(tasks)
    blocked, whole = [], []
    storage.start(Host(name="bench"))
    for step in range(steps + 1):
        samples = Samples(series, [step + number * 1.5 for number in range(len(series))])
        samples.are_plain = True
        waited, used = _call(storage, samples)
        if step:  # the first makes the page
            blocked.append(waited * 1e3)
            whole.append(used * 1e3)
    messages = told(storage)["messages_delivered"] / (steps + 1)
    storage.stop()
    return [mode, f"{messages:.0f}", spread(blocked, 2), spread(whole, 2)]


def _call(storage: KafkaStorage, samples: Samples) -> tuple[float, float]:
    """How long the call took, and the CPU time until all of it was confirmed [seconds]."""
    before = told(storage)["samples_delivered"]
    used, started = time.process_time(), time.perf_counter()
    storage.store(samples, "metrics")
    waited = time.perf_counter() - started
    give_up = time.monotonic() + PATIENCE
    time.sleep(0.2)  # looking costs too: mostly it is over when it is looked
    while told(storage)["samples_delivered"] < before + len(samples):
        if time.monotonic() > give_up:
            raise BenchError(f"not confirmed within {PATIENCE:g} s")
        time.sleep(0.05)
    return waited, time.process_time() - used


def _text(tasks: int) -> bytes:
    series = _series(tasks)
    values = [number * 1.5 for number in range(len(series))]
    return Page({"host": "bench"}, timestamps=True).text(Samples(series, values), time.time())


def _bare(cluster: Broker, text: bytes, steps: int) -> list[float]:
    producer = Producer({"bootstrap.servers": cluster.servers[0], "linger.ms": 5})
    milliseconds = []
    for _ in range(steps + 1):
        before = time.process_time()
        for start in range(0, len(text), LIMIT):
            producer.produce("bare", text[start : start + LIMIT])
        producer.poll(0)
        time.sleep(0.2)
        milliseconds.append((time.process_time() - before) * 1e3)
    producer.flush()
    return milliseconds[1:]


def _sending(cluster: Broker, text: bytes, steps: int) -> list[float]:
    """CPU time of sending a text [milliseconds], of each step."""
    account = Account("0")
    settings = {"bootstrap.servers": cluster.servers[0], "linger.ms": 5, "message.timeout.ms": 0}
    outgoing = Outgoing(partial(Client, settings), account, Bounds(10_000, 64 << 20), "drop_oldest")
    ended = threading.Event()
    polling = threading.Thread(target=lambda: _poll_until(ended, outgoing))
    polling.start()
    milliseconds = []
    for _ in range(steps + 1):
        before = time.process_time()
        for chunk in split(families(text), LIMIT):
            outgoing.add(_message(chunk))
        time.sleep(0.2)
        if account.queued[0]:
            raise BenchError("not confirmed within 0.2 s")
        milliseconds.append((time.process_time() - before) * 1e3)
    ended.set()
    polling.join()
    return milliseconds[1:]


def _poll_until(ended: threading.Event, outgoing: Outgoing) -> None:
    while not ended.is_set():
        outgoing.poll(0.2)


def _message(chunk: Chunk) -> Message:
    headers: Headers = [("sequence", "0"), ("host", "bench"), ("start", "x" * 32)]
    return Message("sending", chunk.pieces, None, headers, 0, chunk.samples, time.monotonic(), chunk.size)


def _series(tasks: int) -> list[Series]:
    metrics = [Metric(f"task_metric_{number}_bytes", f"Number {number}.", counter) for number in range(METRICS)]
    labels = {"app": "web", "namespace": "default"}
    made = [make_task(f"/kubepods/burstable/pod{number:032x}/c{number}", labels=labels) for number in range(tasks)]
    return [metric.series(task) for task in made for metric in metrics]


def _outage(seconds: float) -> None:
    rows = []
    with (
        broker() as cluster,
        cgroups([0, 100]) as parents,
        tempfile.TemporaryDirectory(dir="/dev/shm") as folder,
    ):
        for count, directory in parents.items():
            program = agent(Path(folder), directory, INTERVAL, Files.REFERENCE)
            rows.append([str(count), "no Kafka", *_phase(program, seconds)])
            rows += [[str(count), *row] for row in _with_kafka(program, cluster, seconds)]
    show(("tasks", "broker", "steps", "late", "left out", "delivered", "dropped", "queued"), rows)


def _with_kafka(program: Program, cluster: Broker, seconds: float) -> list[list[str]]:
    fields = ["kafka.topic=outage", f"kafka.brokers_ips={cluster.servers}", "kafka.idempotence=true"]
    plugins = [option.replace("cgroup,log", "cgroup,log,kafka") for option in program.command]
    with_kafka = replace(program, command=[*plugins, *(f"--set={field}" for field in fields)])
    rows = []
    with running(with_kafka) as process:
        wait_for_page(with_kafka, process)
        for what, order, lasting in (("there", "up 1", 10.0), ("away", "down 1", seconds), ("back", "up 1", 20.0)):
            cluster.order(order)
            rows.append([what, *_look(with_kafka, lasting)])
    return rows


def _phase(program: Program, seconds: float) -> list[str]:
    with running(program) as process:
        wait_for_page(program, process)
        return _look(program, seconds)


def _look(program: Program, seconds: float) -> list[str]:
    """What the agent counted within this time; of the queue what is in it at the end."""
    before = _counts(program.output)
    time.sleep(seconds)
    after = _counts(program.output)
    changes = [f"{after[at] - before[at]:.0f}" for at in range(len(COUNTS) - 1)]
    return [*changes, f"{after[-1]:.0f}"]


COUNTS: Sequence[str] = (
    "wca_iterations",
    "wca_iteration_overruns",
    "wca_missed_deadlines",
    "wca_kafka_messages_delivered",
    "wca_kafka_messages_dropped",
    "wca_kafka_queue_messages",
)


def _counts(page: Path) -> list[float]:
    text = page.read_text()
    return [sum(map(float, re.findall(rf"^{name}\{{.*\}} (\S+)$", text, re.MULTILINE))) for name in COUNTS]
