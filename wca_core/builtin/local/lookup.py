"""Asks the engines that may know the container of a cgroup.

| the path tells | asked |
|---|---|
| an engine with files that can be read | that engine |
| an engine without | nobody: the id is the name |
| an id, but no engine | Docker, Podman and CRI-O, containerd, runc and crun |
| nothing | containerd for `/NAMESPACE/ID`, runc and crun for `.../ID` |

In the slice of a user, the user's own Docker and Podman are asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from wca_core.builtin.local import engines
from wca_core.builtin.local.facts import Facts
from wca_core.builtin.local.json_file import MalformedFile
from wca_core.builtin.local.storage import Storage
from wca_core.host import Host
from wca_core.linux.container_paths import ContainerPath, container_at
from wca_core.linux.files import read_file
from wca_core.linux.systemd_paths import uid_of

Question: TypeAlias = Callable[[], Facts | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directories:
    """Where engines keep their files, as paths of the machine; every one is looked into."""

    docker: Sequence[str]
    storage: Sequence[str]
    containerd: Sequence[str]
    runtimes: Sequence[str]


class Unreadable(Exception):  # noqa: N818  what was found
    """Nobody who could be asked knows the container, and somebody could not be asked; the message says why."""


@dataclass(eq=False)
class Lookup:
    """What is known about the containers of one machine."""

    host: Host
    directories: Directories
    _storages: dict[str, Storage] = field(default_factory=dict, init=False)

    def facts(self, path: str) -> Facts | None:
        """Of the container whose cgroup this is; None if nobody knows one. Raises `Unreadable`."""
        container = container_at(path)
        unreadable = ""
        for question in self._questions(path, container):
            try:
                found = question()
            except OSError as error:
                cure = " (run as root or with CAP_DAC_READ_SEARCH)" if isinstance(error, PermissionError) else ""
                unreadable = unreadable or f"{error.filename}: {error.strerror}{cure}"
            except MalformedFile as error:
                unreadable = unreadable or str(error)
            else:
                if found is not None:
                    engine = (container and container.engine) or found.engine
                    return replace(found, engine=engine)
        if unreadable:
            raise Unreadable(unreadable)
        return None

    def _questions(self, path: str, container: ContainerPath | None) -> Iterator[Question]:
        if container is None:
            for directory in self._seen(self.directories.containerd):
                yield partial(engines.containerd_facts_of_path, directory, path)
        else:
            yield from self._of_engines(path, container)
        if container is None or container.engine is None:
            for directory in self._seen(self.directories.runtimes):
                yield partial(engines.runtime_facts, directory, path)

    def _of_engines(self, path: str, container: ContainerPath) -> Iterator[Question]:
        home = home_of(self.host, path)
        if container.engine in ("docker", None):
            own = [f"{home}/.local/share/docker"] if home else []
            for directory in self._seen([*own, *self.directories.docker]):
                yield partial(engines.docker_facts, directory, container.container_id)
        if container.engine in ("podman", "cri-o", None):
            own = [f"{home}/.local/share/containers/storage"] if home else []
            for directory in self._seen([*own, *self.directories.storage]):
                storage = self._storages.setdefault(directory, Storage(directory))
                yield partial(storage.facts, container.container_id)
        if container.engine in ("containerd", "kata", None):  # after Docker, whose containers it may run
            for directory in self._seen(self.directories.containerd):
                yield partial(engines.containerd_facts, directory, container.container_id)

    def _seen(self, directories: Sequence[str]) -> list[str]:
        return [self.host.path(directory) for directory in directories]


def home_of(host: Host, path: str) -> str | None:
    """The home of the user in whose slice a cgroup is, if passwd(5) of the machine names it."""
    uid = uid_of(path)
    if uid is None:
        return None
    try:
        lines = read_file(host.path("/etc/passwd")).decode(errors="replace").splitlines()
    except OSError:
        return None
    users = (line.split(":") for line in lines)
    return next((user[5] for user in users if len(user) == 7 and user[2] == str(uid) and user[5].startswith("/")), None)
