"""WCA, the Workload Collocation Agent: the words for those who write plugins.

Names are imported when they are first used, so `import wca_core` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "wca_core.allocation_configuration": ("AllocationConfiguration",),
    "wca_core.errors": (
        *("ConfigurationError", "ContractError", "FailedDeliveryException"),
        *("HostError", "PluginError", "StartError", "TaskSynchronizationException", "WcaError"),
    ),
    "wca_core.host": ("Clock", "Host"),
    "wca_core.hookspecs": ("Stream",),
    "wca_core.model.cpu_codenames": ("CpuCodename",),
    "wca_core.model.allocation": ("Allocation", "AllocationType", "Refusal"),
    "wca_core.model.anomaly": ("Anomaly", "ContendedResource"),
    "wca_core.labelling": ("TaskLabelGenerator",),
    "wca_core.model.history": ("History", "Moment"),
    "wca_core.model.metric": (
        *("Block", "Merge", "Metric", "MetricType", "Sample", "Samples"),
        *("Series", "Value", "counter", "gauge"),
    ),
    "wca_core.model.platform": ("Platform",),
    "wca_core.model.rdt_allocation": ("RDTAllocation",),
    "wca_core.model.requirement": ("Requirement",),
    "wca_core.model.snapshot": ("Snapshot",),
    "wca_core.model.task": ("Task",),
    "wca_core.model.task_class": ("TaskClass", "TaskClassRule"),
    "wca_core.model.write": ("Change", "Write"),
    "wca_core.per_task": ("PerTask",),
    "wca_core.plugin_api": ("hookimpl", "plugin"),
    "wca_core.config.field_types": ("Between", "FieldCheck"),
    "wca_core.registration": ("register",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

if TYPE_CHECKING:
    from wca_core.allocation_configuration import AllocationConfiguration
    from wca_core.config.field_types import Between, FieldCheck
    from wca_core.errors import (
        ConfigurationError,
        ContractError,
        FailedDeliveryException,
        HostError,
        PluginError,
        StartError,
        TaskSynchronizationException,
        WcaError,
    )
    from wca_core.hookspecs import Stream
    from wca_core.host import Clock, Host
    from wca_core.labelling import TaskLabelGenerator
    from wca_core.model.allocation import Allocation, AllocationType, Refusal
    from wca_core.model.anomaly import Anomaly, ContendedResource
    from wca_core.model.cpu_codenames import CpuCodename
    from wca_core.model.history import History, Moment
    from wca_core.model.metric import (
        Block,
        Merge,
        Metric,
        MetricType,
        Sample,
        Samples,
        Series,
        Value,
        counter,
        gauge,
    )
    from wca_core.model.platform import Platform
    from wca_core.model.rdt_allocation import RDTAllocation
    from wca_core.model.requirement import Requirement
    from wca_core.model.snapshot import Snapshot
    from wca_core.model.task import Task
    from wca_core.model.task_class import TaskClass, TaskClassRule
    from wca_core.model.write import Change, Write
    from wca_core.per_task import PerTask
    from wca_core.plugin_api import hookimpl, plugin
    from wca_core.registration import register

__all__ = [
    "Allocation",
    "AllocationConfiguration",
    "AllocationType",
    "Anomaly",
    "Between",
    "Block",
    "Change",
    "Clock",
    "ConfigurationError",
    "ContendedResource",
    "ContractError",
    "CpuCodename",
    "FailedDeliveryException",
    "FieldCheck",
    "History",
    "Host",
    "HostError",
    "Merge",
    "Metric",
    "MetricType",
    "Moment",
    "PerTask",
    "Platform",
    "PluginError",
    "RDTAllocation",
    "Refusal",
    "Requirement",
    "Sample",
    "Samples",
    "Series",
    "Snapshot",
    "StartError",
    "Stream",
    "Task",
    "TaskClass",
    "TaskClassRule",
    "TaskLabelGenerator",
    "TaskSynchronizationException",
    "Value",
    "WcaError",
    "Write",
    "counter",
    "gauge",
    "hookimpl",
    "plugin",
    "register",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'wca_core' has no attribute {name!r}")
    found: object = getattr(import_module(home), name)
    globals()[name] = found
    return found
