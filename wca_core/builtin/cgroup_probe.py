"""Looks what one cgroup offers: each file is read once with full checks.

What is missing, forbidden or malformed is left out and told.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from wca_core.builtin.cgroup_descriptions import MEM_USAGE, MEM_WORKING_SET
from wca_core.builtin.cgroup_files import V1, V2, Column, Number, Table, TableReader
from wca_core.errors import CgroupGone
from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.model.metric import Metric, Value
from wca_core.model.task import Task

log = logging.getLogger("wca.cgroup")

LONGEST_NUMBER = 32
_SILENT = frozenset({errno.EOPNOTSUPP, errno.EINVAL})

Wanted: TypeAlias = Callable[[Metric], bool]
Source: TypeAlias = Number | Table


class Complaints:
    """Tells of a trouble once a file name and run: a thousand cgroups lack the same file for the same reason."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def tell(self, level: int, kind: str, file: str, message: str) -> None:
        if (kind, file) not in self._told:
            self._told.add((kind, file))
            log.log(level, "%s", message)


@dataclass(slots=True)
class Offer:
    """What can be read of a cgroup."""

    numbers: list[tuple[str, Callable[[bytes], Value], Column]] = field(default_factory=list)
    """Path, parser and column; the memory usage, if it is there, comes first."""
    tables: list[tuple[str, TableReader]] = field(default_factory=list)
    malformed: int = 0
    """Files that are there, but do not hold what they should now."""
    unreadable: int = 0
    absent: list[str] = field(default_factory=list)
    """Directories in which the cgroup is not (yet), though in others: container engines make and remove one by one."""

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.numbers] + [path for path, _ in self.tables]

    @property
    def columns(self) -> list[Column]:
        of_tables = [column for _, reader in self.tables for column in reader.columns]
        return [column for _, _, column in self.numbers] + of_tables

    @property
    def has_usage(self) -> bool:
        return bool(self.numbers) and self.numbers[0][2][0] is MEM_USAGE


def probe(host: Host, task: Task, path: str, wanted: Wanted, complaints: Complaints) -> Offer:
    """What the cgroup at `path` offers of the wanted metrics. Raises `CgroupGone` if it is in no tree."""
    places = find_directories(host, task, path)
    directories = {controller: directory for controller, directory in places.items() if os.path.isdir(directory)}
    if not directories:
        raise CgroupGone(f"cgroup {path} is in no tree")
    offer = Offer(absent=[directory for controller, directory in places.items() if controller not in directories])
    for source in sources(host, directories, wanted):
        directory = directories[source.controller]
        if source.instead_of is None or not os.path.exists(f"{directory}/{source.instead_of}"):
            _add(offer, source, f"{directory}/{source.file}", complaints)
    return offer


def find_directories(host: Host, task: Task, path: str) -> dict[str, str]:
    """Where a cgroup is to be found in the trees of this machine, by controller."""
    found = {}
    for controller in ("cpu", "cpuacct", "memory"):
        own_path = path if task.subcgroups_paths else task.controller_paths.get(controller, path)
        directory = host.cgroup_directory(controller, own_path)
        if directory is not None:
            found[controller] = directory
    return found


def sources(host: Host, controllers: Iterable[str], wanted: Wanted) -> list[Source]:
    """The files to read for these controllers, each on the version of cgroups that its controller is on."""
    hierarchies = host.hierarchies
    controllers = frozenset(controllers)
    v1 = [source for source in V1 if hierarchies.is_v1(source.controller)]
    v2 = [source for source in V2 if not hierarchies.is_v1(source.controller)]
    if hierarchies.is_v1("cpuacct"):
        v2 = [source for source in v2 if source.controller != "cpu"]  # the same times, from two trees
    return [source for source in (*v1, *v2) if source.controller in controllers and _needed(source, wanted)]


def _needed(source: Source, wanted: Wanted) -> bool:
    if isinstance(source, Table):
        return any(map(wanted, source.metrics))
    return wanted(source.metric) or (source.metric is MEM_USAGE and wanted(MEM_WORKING_SET))


def _add(offer: Offer, source: Source, path: str, complaints: Complaints) -> None:
    text = b""
    try:
        text = read_file(path)
        if isinstance(source, Table):
            reader = source.reader(text)
            reader.read(text)
            offer.tables.append((path, reader))
        else:
            offer.numbers.append((path, _checked_parser(source, text), (source.metric, ())))
    except OSError as error:
        offer.unreadable += 1
        _tell_unreadable(source, path, error, complaints)
    except (ValueError, IndexError, ArithmeticError) as error:
        offer.malformed += 1
        sample = text[:80].decode(errors="replace")
        message = f"{path}: not as the kernel documents it ({error}); it begins with {sample!r}"
        complaints.tell(logging.WARNING, "malformed", source.file, message)


def _checked_parser(source: Number, text: bytes) -> Callable[[bytes], Value]:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"one number expected, found {len(text)} bytes")
    parse = source.parser()
    parse(text)
    return parse


def _tell_unreadable(source: Source, path: str, error: OSError, complaints: Complaints) -> None:
    if error.errno in _SILENT or not os.path.isdir(os.path.dirname(path)):
        return  # the kernel does not offer it, or the cgroup has just gone
    if error.errno in (errno.EACCES, errno.EPERM):
        message = f"{path}: no permission to read it (run as root or with CAP_DAC_READ_SEARCH)"
        complaints.tell(logging.ERROR, "forbidden", source.file, message)
    elif error.errno == errno.ENOENT:
        level = logging.DEBUG if _has_stand_in(source) else logging.WARNING
        message = f"{path}: missing, so its metrics are left out (is controller {source.controller} enabled there?)"
        complaints.tell(level, "missing", source.file, message)
    else:
        message = f"{path}: cannot be read: {error.strerror}"
        complaints.tell(logging.WARNING, "unreadable", source.file, message)


def _has_stand_in(source: Source) -> bool:
    return any(other.instead_of == source.file for other in (*V1, *V2))
