"""The metrics of the storage itself."""

from __future__ import annotations

from wca_core.model.metric import Metric, counter, gauge

PLACE = ("topic", "storage")

PRODUCED = Metric("wca_kafka_messages_produced", "Messages made for a topic.", counter, levels=PLACE)
DELIVERED = Metric("wca_kafka_messages_delivered", "Messages that the broker confirmed.", counter, levels=PLACE)
FAILED = Metric(
    "wca_kafka_messages_failed",
    "Messages that the broker or the library refused, or that came to nothing in time.",
    counter,
    levels=(*PLACE, "reason"),
)
DROPPED = Metric(
    "wca_kafka_messages_dropped",
    "Messages that the library never took, for want of room or time.",
    counter,
    levels=(*PLACE, "reason"),
)
SAMPLES_DELIVERED = Metric(
    "wca_kafka_samples_delivered", "Samples in messages that the broker confirmed.", counter, levels=PLACE
)
SAMPLES_LOST = Metric("wca_kafka_samples_lost", "Samples in messages failed or dropped.", counter, levels=PLACE)
BYTES_DELIVERED = Metric(
    "wca_kafka_bytes_delivered",
    "Bytes of the values of confirmed messages, before compression.",
    counter,
    unit="bytes",
    levels=PLACE,
)
QUEUE_MESSAGES = Metric("wca_kafka_queue_messages", "Messages not yet confirmed nor lost.", gauge, levels=PLACE)
QUEUE_BYTES = Metric(
    "wca_kafka_queue_bytes", "Bytes of the values of these messages.", gauge, unit="bytes", levels=PLACE
)
BACKPRESSURE = Metric(
    "wca_kafka_backpressure", "1 if a bound of the queue is used by more than 80 %.", gauge, levels=("storage",)
)
LATENCY = Metric(
    "wca_kafka_delivery_latency_seconds",
    "Time from the call of the storage to the broker's confirmation, over those confirmed since the last report.",
    gauge,
    unit="seconds",
    levels=(*PLACE, "statistic"),
)
METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
