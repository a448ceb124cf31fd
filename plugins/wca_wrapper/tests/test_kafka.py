"""Updates on their way to a topic of Kafka: the emulated broker of wca-kafka, read by another process."""

from __future__ import annotations

import sys

import pytest

from plugins.wca_wrapper.tests.running import program, wrap

pytest.importorskip("wca_kafka.storage", reason="wca-kafka is not installed", exc_type=ImportError)

from wca_wrapper.making import wrapped
from wca_wrapper.running import GAVE_UP
from wca_wrapper.settings import Wrapping

from plugins.wca_kafka.tests.given import broker, consumed


def lines_of(servers: list[str], topic: str) -> list[str]:
    """The samples of a topic, without what names the host and the time."""
    texts = [line for message in consumed(servers, topic) for line in message["value"].splitlines()]
    return [text.rpartition(" ")[0] for text in texts if text and not text.startswith("#")]


def values_of(name: str, lines: list[str]) -> list[str]:
    """In no order: the topic has several partitions."""
    return sorted(line.rpartition(" ")[2] for line in lines if line.startswith(f"{name}{{"))


@pytest.mark.parametrize(("options", "topic"), [([], "wca_apms"), (["--kafka_topic", "mine"], "mine")])
def test_every_update_arrives_at_the_topic(options: list[str], topic: str) -> None:
    level = ["--sli_metric_name", "x", "--slo", "2", "--labels", '{"application": "a"}']
    with broker() as cluster:
        ran = wrap("--kafka_brokers", ",".join(cluster.servers), *options, *level, *program("print('x=1\\nx=2')"))
        lines = lines_of(cluster.servers, topic)

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert values_of("x", lines) == ["1.0", "2.0"]
    assert values_of("sli_normalized", lines) == ["0.5", "1.0"]
    assert all('application="a"' in line for line in lines)
    assert any(line.startswith("wca_wrapper_child_exit_code{") for line in lines)


def test_brokers_that_are_away_do_not_hinder_the_start_and_end_the_wrapper_with_70() -> None:
    order = Wrapping(
        words=[sys.executable, "-c", "import time; print('x=1', flush=True); time.sleep(600)"],
        quiet=True,
        kafka_brokers=["127.0.0.1:1"],
        grace_period=0.5,
    )

    assert wrapped(order, pauses=()) == GAVE_UP
