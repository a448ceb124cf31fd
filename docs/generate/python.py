"""The page of the Python names: what `wca_core` offers to those who write plugins, by what it is for."""

from __future__ import annotations

import enum
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

import wca_core
from docs.generate.classes import class_lines
from wca_core import linux

HEAD = """\
`from wca_core import ...`: everything that a plugin needs, and all that stays as it is within an
API version; importing it costs nothing until a name is used. What else third parties may build on:
the [hooks](hooks.md), `wca_core.testing` (the test kit), `wca_core.config.field_types` (types of fields, checked in
configurations) and [readers of kernel files](#kernel-files). Any other module may change without notice.
"""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "A plugin": ("plugin", "hookimpl", "register", "Requirement", "PerTask", "Between", "FieldCheck"),
    "What it is handed": ("Host", "Clock", "Task", "Platform", "CpuCodename", "Stream"),
    "The snapshot": ("Snapshot", "History", "Moment", "TaskClass", "TaskClassRule"),
    "What is measured": (
        *("Metric", "MetricType", "counter", "gauge", "Merge"),
        *("Series", "Sample", "Samples", "Block", "Value"),
    ),
    "What is found": ("Anomaly", "ContendedResource"),
    "What is wished and changed": (
        *("Allocation", "AllocationType", "RDTAllocation", "AllocationConfiguration"),
        *("Change", "Refusal", "Write"),
    ),
    "Labels of tasks": ("TaskLabelGenerator",),
    "What is raised": (
        *("WcaError", "StartError", "HostError", "TaskSynchronizationException", "ConfigurationError"),
        *("ContractError", "PluginError", "FailedDeliveryException"),
    ),
}

VALUES = {
    "hookimpl": "Above a method that is a hook; `@hookimpl(trylast=True)`: called after all others.",
    "Stream": "Which of the three outputs `store` is given.",
    "Value": "What a sample holds: a finite number, never a bool.",
    "counter": "A number that never falls while the agent lives.",
    "gauge": "Any number.",
}


def page() -> str:
    """Markdown, without the title of the page."""
    return "\n".join([HEAD, *_sections(), *_kernel_files()])


def _sections() -> Iterator[str]:
    for title, names in SECTIONS.items():
        yield f"## {title}\n"
        for name in names:
            yield from _entry(name, getattr(wca_core, name))


def _kernel_files() -> Iterator[str]:
    """All that reads files of the kernel, or their text."""
    yield "## Kernel files\n"
    yield "`from wca_core.linux.MODULE import ...`: `parse_x` takes the text of a file, `read_x` finds it.\n"
    yield "| module | function | gives |"
    yield "|---|---|---|"
    for found in pkgutil.iter_modules(linux.__path__):
        module = import_module(f"{linux.__name__}.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and name.startswith(("read_", "parse_")):
                written = _as_written(name, inspect.signature(function)).replace("\n", " ").replace("|", "\\|")
                told = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
                yield f"| `{found.name}` | `{written}` | {told} |"
    yield ""


def _entry(name: str, value: object) -> Iterator[str]:
    if not inspect.isclass(value):
        yield f"### {name}\n"
        yield from _function(name, value) if inspect.isfunction(value) else _value(name, value)
        return
    heading, _, *rest = class_lines(value)
    yield heading
    if not issubclass(value, enum.Enum) and (signature := _signature(value)):
        yield f"```python\n{signature}\n```\n"
    yield from rest
    if issubclass(value, enum.Enum):
        yield from _members(value)


def _function(name: str, function: object) -> Iterator[str]:
    assert callable(function)
    yield f"```python\n{_as_written(name, inspect.signature(function))}\n```\n"
    yield f"{inspect.getdoc(function)}\n"


def _value(name: str, value: object) -> Iterator[str]:
    shown = str(value).replace("typing.", "")
    told = "" if " at 0x" in shown or isinstance(value, enum.Enum) else f" `{shown}`"
    yield f"{VALUES[name]}{told}\n"


def _members(cls: type[enum.Enum]) -> Iterator[str]:
    yield "| member | value |"
    yield "|---|---|"
    yield from (f"| `{cls.__name__}.{member.name}` | `{member.value}` |" for member in cls)
    yield ""


def _signature(cls: type) -> str:
    """How one is made; empty for what plugins never make."""
    if not inspect.isfunction(inspect.getattr_static(cls, "__init__")) or getattr(cls, "_is_protocol", False):
        return ""
    return _as_written(cls.__name__, inspect.signature(cls))


def _as_written(name: str, signature: inspect.Signature) -> str:
    """On one line if it is short, else a line for each parameter."""
    shown = [_parameter(one) for one in signature.parameters.values()]
    named_only = [one.kind is one.KEYWORD_ONLY for one in signature.parameters.values()]
    if any(named_only):
        shown.insert(named_only.index(True), "*")
    gives = (
        "" if signature.return_annotation in (None, "None", signature.empty) else f" -> {signature.return_annotation}"
    )
    line = f"{name}({', '.join(shown)}){gives}"
    return line if len(line) < 100 else "\n".join([f"{name}(", *(f"    {one}," for one in shown), f"){gives}"])


def _parameter(one: inspect.Parameter) -> str:
    if one.default is one.empty:
        return f"{one.name}: {one.annotation}"
    default = one.default
    shown = f"{type(default).__name__}.{default.name}" if isinstance(default, enum.Enum) else repr(default)
    return f"{one.name}: {one.annotation} = {'...' if shown.startswith('<') or ' at 0x' in shown else shown}"
