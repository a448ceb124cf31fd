"""Storages; see `wca_compat.storage`."""

from wca_compat.storage import FailedDeliveryException, KafkaStorage, LogStorage, Storage

__all__ = ["FailedDeliveryException", "KafkaStorage", "LogStorage", "Storage"]
