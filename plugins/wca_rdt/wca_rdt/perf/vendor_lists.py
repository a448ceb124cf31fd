"""Lists of events as makers of CPUs publish them and as perf(1) keeps them: a folder with `mapfile.csv` and JSON files.

`mapfile.csv` says which CPUs a file or a folder of files is for: a regular expression over vendor, family, model in
hexadecimal and perhaps stepping (`GenuineIntel-6-8F`, `GenuineIntel-6-55-[01234]`), then version and place, then
whose events they are. Only those of cores are read. `MEM_INST_RETIRED.ALL_LOADS` is `task_mem_inst_retired_all_loads`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from wca_core.errors import ConfigurationError
from wca_core.model.platform import Platform
from wca_rdt.perf.events import metric_of

MAP = "mapfile.csv"
CORE = "core"
"""Whose events are read. Hybrid machines have `hybridcore`: a list for each kind of core, with the same names."""

_TERMS = {"UMask": "umask", "CounterMask": "cmask", "Invert": "inv", "EdgeDetect": "edge", "MSRValue": "config1"}
"""Fields that are terms if they are not 0. `MSRIndex` names the register, which the kernel knows by the event."""

_FIXED = "fixed"
"""Of an event with a counter of its own, the code is none that the kernel takes: those have generic names."""


def read_vendor_lists(folder: str, platform: Platform) -> dict[str, dict[str, int]]:
    """By metric, the terms of the event on these CPUs; empty if the lists do not have them.

    Raises `ConfigurationError` with the file.
    """
    found: dict[str, dict[str, int]] = {}
    root = Path(folder)
    for place in places(_text(root / MAP), platform):
        at = root / place.lstrip("/")
        for file in sorted(at.glob("*.json")) if at.is_dir() else [at]:
            found |= parse_events(_text(file), str(file))
    return found


def places(text: str, platform: Platform) -> Iterator[str]:
    """Where `mapfile.csv` has the events of the cores of these CPUs. Raises `ConfigurationError`."""
    key = f"{platform.cpu_vendor}-{platform.cpu_family}-{platform.cpu_model_number:X}"
    for number, line in enumerate(text.splitlines(), 1):
        row = line.split(",")
        if len(row) < 4 or row[0].startswith("#") or row[3].strip() != CORE:
            continue
        try:
            is_right = any(re.fullmatch(row[0], one) for one in (key, f"{key}-{platform.cpu_stepping:X}"))
        except re.error as error:
            raise ConfigurationError(f"{MAP}:{number}: a regular expression expected, found {row[0]!r:.80}") from error
        if is_right:
            yield row[2].strip()


def parse_events(text: str, place: str) -> dict[str, dict[str, int]]:
    """Of one JSON file: a list of events, or an object that has one. Raises `ConfigurationError`."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{place}: JSON expected: {error}") from error
    events = content.get("Events") if isinstance(content, dict) else content
    if not isinstance(events, list):
        raise ConfigurationError(f"{place}: a list of events expected")
    found: dict[str, dict[str, int]] = {}
    for event in events:
        if isinstance(event, dict) and _is_usable(event):
            found[metric_of(str(event["EventName"]))] = _terms(event, place)
    return found


def _is_usable(event: Mapping[str, object]) -> bool:
    """Others are metrics, of another unit than the core, or have a counter of their own."""
    is_fixed = str(event.get("Counter", "")).lower().startswith(_FIXED)
    is_of_core = event.get("Unit", "core") in ("core", "cpu_core", "")
    return "EventName" in event and "EventCode" in event and is_of_core and not is_fixed


def _terms(event: Mapping[str, object], place: str) -> dict[str, int]:
    terms = {"event": _number(event, "EventCode", place)}
    values = {term: _number(event, name, place) for name, term in _TERMS.items() if name in event}
    return terms | {term: value for term, value in values.items() if value}


def _number(event: Mapping[str, object], name: str, place: str) -> int:
    """The first one, where several are the same to the kernel: `0xB7,0xBB`."""
    text = str(event[name]).split(",")[0].strip()
    try:
        return int(text, 0)
    except ValueError as error:
        raise ConfigurationError(
            f"{place}: {name} of {event.get('EventName')!r:.80}: a number expected, found {text!r:.80}"
        ) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
