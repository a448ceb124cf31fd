"""`wca.storage`: what a storage is, and some of ours with the older method: `LogStorage(...).store(metrics)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from wca_compat.metrics import Metric
from wca_core.config.field_types import Between, IpPort, Path, Str
from wca_core.errors import FailedDeliveryException
from wca_core.tls import SSL

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from wca_compat.our_storage import OurStorage

__all__ = ["FailedDeliveryException", "KafkaStorage", "LogStorage", "Storage"]


class Storage(ABC):
    """Keeps metrics, or sends them."""

    @abstractmethod
    def store(self, metrics: list[Metric]) -> None:
        """Raises `FailedDeliveryException` for what could not be kept: the step is done, the agent goes on."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from wca_compat.accepting import accepting  # only where a configuration is checked

        return accepting(cls, "store", cls._around())

    @classmethod
    def _around(cls) -> Callable[[object], object | None] | None:
        """What makes one of a plugin of ours."""
        from wca_compat.our_storage import OurStorage

        return OurStorage if cls is Storage else None


@dataclass(frozen=True, slots=True)
class Served:
    """Which storage of ours stands behind an older one."""

    tag: str
    fields: tuple[str, ...]
    """Which it takes from the older one."""
    more: Mapping[str, object] = field(default_factory=dict)
    """And which it has beside them."""

    def made(self, given: Mapping[str, object]) -> object:
        """One with these fields. Raises `PluginError` that names the package if it is not installed."""
        from wca_core.registry import Registry, load

        offer = Registry().find(self.tag)  # what is installed, though an older one may be registered by that name
        return load(offer)(**given, **self.more)


class ServedStorage(Storage):
    """A storage of ours, made of the fields of this object when it is first needed."""

    served: ClassVar[Served]

    def __post_init__(self) -> None:
        self.ours.plugin  # noqa: B018  a field that is wrong is told here

    @cached_property
    def ours(self) -> OurStorage:
        """Raises `WcaError` if it cannot be made."""
        from wca_compat.our_storage import OurStorage

        given = {name: getattr(self, name) for name in self.served.fields if hasattr(self, name)}
        return OurStorage(self.served.made(given))

    @classmethod
    def _around(cls) -> Callable[[object], object | None] | None:
        """Ours of the same name, with the fields that it has."""
        return cls._of if "served" in vars(cls) else None

    @classmethod
    def _of(cls, plugin: object) -> object | None:
        from wca_compat.our_storage import OurStorage

        if type(plugin).__name__ != cls.served.tag:
            return None
        made = cls.__new__(cls)
        for name in cls.served.fields:
            setattr(made, name, getattr(plugin, name))
        vars(made)["ours"] = OurStorage(plugin)
        return made

    def store(self, metrics: list[Metric]) -> None:
        self.ours.store(metrics)


@dataclass(eq=False)
class LogStorage(ServedStorage):
    """Prometheus text on standard error or in a file; see `!LogStorage`."""

    served = Served("LogStorage", ("output_filename", "overwrite", "include_timestamp", "filter_labels"))

    output_filename: Path | None = None
    overwrite: bool = False
    include_timestamp: bool | None = None
    filter_labels: list[str] | None = None


@dataclass(eq=False)
class KafkaStorage(ServedStorage):
    """A topic of Kafka, told of each batch before `store` returns; needs the package wca-kafka."""

    served = Served(
        "KafkaStorage",
        ("topic", "brokers_ips", "max_timeout_in_seconds", "extra_config", "ssl"),
        {"mode": "sync"},
    )

    topic: Str
    brokers_ips: list[IpPort] = field(default_factory=lambda: ["127.0.0.1:9092"])
    max_timeout_in_seconds: Annotated[float, Between(0, 5)] = 0.5
    extra_config: dict[Str, Str] | None = None
    ssl: SSL | None = None
