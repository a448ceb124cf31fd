"""What can be asked of the wrapper: every field is an option of the command and a key of its file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from wca_core.builtin.prometheus.listening import ListenAddress
from wca_core.config.field_types import Between, FieldCheck, IsPath, LabelName, Length, Storage
from wca_core.errors import ConfigurationError
from wca_wrapper.parsers.default import DEFAULT_REGEXP
from wca_wrapper.service_level import CONSTANT, ServiceLevel

Streams = Literal["0", "1", "both"]
Restart = Literal["no", "on-failure", "always"]
LogLevel = Literal["ERROR", "WARNING", "INFO", "DEBUG", "TRACE"]
Failures = Literal["exit", "ignore"]
Seconds = Annotated[float, Between(0, 86_400)]
CommandLine = Annotated[str, Length(128 << 10)]
File = Annotated[str, IsPath(longest=4096)]


@dataclass(frozen=True, slots=True)
class IsPositive(FieldCheck):
    """A number above zero."""

    def check(self, value: float) -> None:
        if value <= 0:
            raise ValueError("a number above 0")


@dataclass(eq=False, kw_only=True)
class Wrapping:
    """An order to the wrapper. Raises `ConfigurationError` for fields that do not go together."""

    command: CommandLine | None = None
    """Command line of the application, split as a shell would."""
    words: list[CommandLine] = field(default_factory=list)
    """The same as words, behind `--`."""
    subprocess_shell: bool = False
    stderr: Streams = "0"
    """Which stream is parsed."""
    quiet: bool = False
    parser: str = "default"
    regexp: CommandLine = DEFAULT_REGEXP
    separator: CommandLine | None = None
    mode: str | None = None
    drop_time_label: bool | None = None
    metric_name_prefix: str = ""
    labels: dict[LabelName, str] = field(default_factory=dict)
    log_level: LogLevel = "ERROR"
    kafka_brokers: list[str] = field(default_factory=list)
    kafka_topic: str = "wca_apms"
    storage_output_filename: File | None = None
    http_listen: ListenAddress | None = None
    storage: Storage | list[Storage] | None = None
    """Any storage of the agent, beside the outputs above."""
    slo: float | None = None
    """None: no objective, which counts as infinite."""
    sli_metric_name: str | None = None
    inverse_sli_metric_value: bool = False
    load_metric_name: str | None = None
    peak_load: Annotated[float, IsPositive()] | None = None
    restart: Restart = "no"
    restart_delay: Seconds = 1.0
    metrics_ttl: Seconds = 0.0
    grace_period: Seconds = 5.0
    storage_failures: Failures = "exit"
    parser_failures: Failures = "ignore"

    def __post_init__(self) -> None:
        if (self.command is None) == (not self.words):
            raise ConfigurationError("a command expected: either --command '...' or -- COMMAND ARGUMENTS")
        if self.words and self.subprocess_shell:
            raise ConfigurationError("subprocess_shell is for --command: words behind -- are no script")
        if (self.load_metric_name is None) != (self.peak_load is None):
            raise ConfigurationError(
                f"load_metric_name (a name, or {CONSTANT}) and peak_load: both expected, or neither"
            )
        if self.inverse_sli_metric_value and self.sli_metric_name is None:
            raise ConfigurationError("inverse_sli_metric_value needs sli_metric_name")

    @property
    def service_level(self) -> ServiceLevel:
        return ServiceLevel(
            slo=math.inf if self.slo is None else self.slo,
            sli_metric_name=self.sli_metric_name,
            is_inverse=self.inverse_sli_metric_value,
            load_metric_name=self.load_metric_name,
            peak_load=self.peak_load or 0.0,
            labels=self.labels,
        )

    @property
    def storages(self) -> list[object]:
        if self.storage is None:
            return []
        return self.storage if isinstance(self.storage, list) else [self.storage]
