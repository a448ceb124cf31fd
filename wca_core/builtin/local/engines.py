"""What container engines tell about a container, read from the files in which they keep it.

| engine | file |
|---|---|
| Docker | `containers/ID/config.v2.json` |
| containerd | `io.containerd.runtime.v2.task/NAMESPACE/ID/config.json`, the bundle given to the OCI runtime |
| Podman, CRI-O | see `storage` |
| runc without an engine | `ID/state.json` |
| crun without an engine | `ID/status`, and `config.json` of the bundle named there |

Each function is given the engine's directory and gives None for a container that is not there. It raises `OSError` or
`MalformedFile` where it cannot find out. Ids become parts of paths: they must match `container_paths.NAME`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from wca_core.builtin.local.facts import Facts, facts_of_annotations
from wca_core.builtin.local.json_file import mapping, read_json, text
from wca_core.linux.container_paths import NAME

NAMESPACES = ("k8s.io", "default", "moby")
"""Of containerd, where they may not be listed; Docker keeps its containers in `moby`."""


def docker_facts(directory: str, container_id: str) -> Facts | None:
    found = _read(f"{directory}/containers/{container_id}/config.v2.json")
    if found is None:
        return None
    config = mapping(found.get("Config"))
    labels = facts_of_annotations("docker", container_id, config.get("Labels"))
    return Facts(
        engine="docker",
        container_id=container_id,
        name=labels.name or text(found.get("Name")).lstrip("/"),
        image=text(config.get("Image")),
        pod_name=labels.pod_name,
        pod_namespace=labels.pod_namespace,
        is_sandbox=labels.is_sandbox,
    )


def containerd_facts(directory: str, container_id: str) -> Facts | None:
    tasks = f"{directory}/io.containerd.runtime.v2.task"
    for namespace in _namespaces(tasks):
        found = _read(f"{tasks}/{namespace}/{container_id}/config.json")
        if found is not None:
            engine = "docker" if namespace == "moby" else "containerd"
            return facts_of_annotations(engine, container_id, found.get("annotations"))
    return None


def containerd_facts_of_path(directory: str, path: str) -> Facts | None:
    """Of a container whose cgroup is named by its namespace and its id, which may be any name."""
    _, *parts = path.split("/")
    if len(parts) != 2 or not all(map(NAME.fullmatch, parts)):
        return None
    namespace, container_id = parts
    found = _read(f"{directory}/io.containerd.runtime.v2.task/{namespace}/{container_id}/config.json")
    if found is None or mapping(found.get("linux")).get("cgroupsPath") != path:
        return None
    return facts_of_annotations("containerd", container_id, found.get("annotations"))


def runtime_facts(directory: str, path: str) -> Facts | None:
    """Of a container that was given to runc or crun by no engine, if its cgroup bears its id."""
    container_id = path.rpartition("/")[2]
    if not NAME.fullmatch(container_id):
        return None
    return _runc_facts(directory, path, container_id) or _crun_facts(directory, path, container_id)


def _runc_facts(directory: str, path: str, container_id: str) -> Facts | None:
    found = _read(f"{directory}/{container_id}/state.json")
    if found is None or not _has_cgroup(mapping(found.get("cgroup_paths")).values(), path):
        return None
    labels = mapping(found.get("config")).get("labels")
    pairs = [label.partition("=") for label in labels if isinstance(label, str)] if isinstance(labels, list) else []
    return facts_of_annotations("runc", container_id, {key: value for key, _, value in pairs})


def _crun_facts(directory: str, path: str, container_id: str) -> Facts | None:
    found = _read(f"{directory}/{container_id}/status")
    if found is None or not _has_cgroup([found.get("cgroup-path")], path):
        return None
    with suppress(OSError):
        bundle = mapping(read_json(f"{text(found.get('bundle'))}/config.json"))
        return facts_of_annotations("crun", container_id, bundle.get("annotations"))
    return Facts(engine="crun", container_id=container_id)


def _has_cgroup(directories: Iterable[object], path: str) -> bool:
    return any(isinstance(directory, str) and directory.endswith(path) for directory in directories)


def _namespaces(tasks: str) -> list[str]:
    try:
        return sorted(os.listdir(tasks))
    except PermissionError:
        return list(NAMESPACES)
    except FileNotFoundError:
        return []


def _read(path: str) -> dict[str, object] | None:
    """None if there is no such file. Raises `OSError`, `MalformedFile`."""
    try:
        return dict(mapping(read_json(path)))
    except (FileNotFoundError, NotADirectoryError):
        return None
