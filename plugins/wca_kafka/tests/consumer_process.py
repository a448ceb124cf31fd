"""Reads topics from their beginning to their end: `SETTINGS(JSON) TOPIC...`.

Prints a line of JSON a message; with `--count` first, one line for all topics: how many messages, samples (lines of
Prometheus text) and different values of them there are, leaving out `doubles`: messages whose (start, sequence) came
before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

PATIENCE = 60.0


def partitions(consumer: Consumer, topics: list[str]) -> dict[tuple[str, int], tuple[int, int]]:
    """First and last offset of each partition that has messages."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for topic in topics:
        for number in consumer.list_topics(topic, timeout=20).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=20)
            if low:
                raise SystemExit(f"the broker has forgotten {low} messages of {topic} [{number}]")
            if high > low:
                found[topic, number] = low, high
    return found


def messages(settings: dict[str, Any], topics: list[str]) -> Iterator[Message]:
    consumer = Consumer(
        {
            **settings,
            "group.id": "test",
            "enable.auto.commit": False,
            "log_level": 0,
            "fetch.message.max.bytes": 1 << 24,
        }
    )
    bounds = partitions(consumer, topics)
    missing = set(bounds)
    consumer.assign([TopicPartition(*place, low) for place, (low, _) in bounds.items()])
    deadline = time.monotonic() + PATIENCE
    while missing:
        message = consumer.poll(1.0)
        if time.monotonic() > deadline:
            raise SystemExit(f"not read to the end within {PATIENCE:g} s: {missing}")
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        place = message.topic(), message.partition()
        if message.offset() + 1 >= bounds[place][1]:
            missing.discard(place)
        yield message
    consumer.close()


def shown(message: Message) -> dict[str, Any]:
    key = message.key()
    return {
        "topic": message.topic(),
        "key": None if key is None else key.decode(),
        "headers": {name: value.decode() for name, value in message.headers() or []},
        "timestamp": message.timestamp()[1],
        "value": message.value().decode(),
    }


def counted(found: Iterator[Message]) -> dict[str, int]:
    places: set[tuple[bytes, bytes]] = set()
    values: set[bytes] = set()
    counts = {"messages": 0, "samples": 0, "values": 0, "doubles": 0}
    for message in found:
        headers = dict(message.headers() or [])
        place = headers["start"], headers["sequence"]
        lines = [line for line in message.value().split(b"\n") if line and not line.startswith(b"#")]
        if place in places:
            counts["doubles"] += 1
            continue
        counts["messages"] += 1
        counts["samples"] += len(lines)
        places.add(place)
        values.update(line.partition(b"} ")[2].partition(b" ")[0] for line in lines)
    return {**counts, "values": len(values)}


def main(arguments: list[str]) -> None:
    counts = arguments[0] == "--count"
    settings, *topics = arguments[counts:]
    found = messages(json.loads(settings), topics)
    for line in [counted(found)] if counts else map(shown, found):
        print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
