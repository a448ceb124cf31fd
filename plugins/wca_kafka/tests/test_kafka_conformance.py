"""KafkaStorage keeps what is asked of every plugin."""

from wca_kafka.storage import KafkaStorage

from wca_core.testing import conformance

TestConformance = conformance(KafkaStorage, topic="metrics", max_timeout_in_seconds=0.05, total_timeout=0.2)
