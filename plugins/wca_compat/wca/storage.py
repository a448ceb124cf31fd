"""Storages; see `wca_compat.storage`."""

from wca_compat.served import elsewhere
from wca_compat.storage import FailedDeliveryException, KafkaStorage, LogStorage, Storage

__all__ = ["FailedDeliveryException", "KafkaStorage", "LogStorage", "Storage"]

__getattr__ = elsewhere(__name__)
