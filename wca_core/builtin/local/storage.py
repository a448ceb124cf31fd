"""containers/storage, in which Podman and CRI-O keep containers.

| file | tells |
|---|---|
| `DRIVER-containers/containers.json`, `.../volatile-containers.json` | names and images of all containers |
| `DRIVER-containers/ID/userdata/config.json` | the annotations of one, with its pod |
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from wca_core.builtin.local.facts import Facts, facts_of_annotations
from wca_core.builtin.local.json_file import mapping, read_json, text

DRIVERS = ("overlay", "vfs", "btrfs", "zfs")
LISTS = ("containers.json", "volatile-containers.json")


class Storage:
    """One directory of containers/storage. A list is read again when it was written."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lists: dict[str, tuple[object, Mapping[str, Mapping[str, object]]]] = {}

    def facts(self, container_id: str) -> Facts | None:
        """None for a container that is not here. Raises `OSError`, `MalformedFile`."""
        for driver in DRIVERS:
            containers = f"{self._directory}/{driver}-containers"
            entries = (self._entry(f"{containers}/{name}", container_id) for name in LISTS)
            entry = next((found for found in entries if found), None)
            if entry is not None:
                return _merged(_annotated(f"{containers}/{container_id}/userdata/config.json", container_id), entry)
        return None

    def _entry(self, path: str, container_id: str) -> Mapping[str, object] | None:
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        mark = status.st_ino, status.st_mtime_ns, status.st_size
        known = self._lists.get(path)
        if known is None or known[0] != mark:
            known = self._lists[path] = mark, _by_id(read_json(path))
        return known[1].get(container_id)


def _by_id(listed: object) -> Mapping[str, Mapping[str, object]]:
    entries: Iterable[object] = listed if isinstance(listed, list) else ()
    return {text(entry.get("id")): entry for entry in map(mapping, entries)}


def _annotated(path: str, container_id: str) -> Facts:
    annotations = {}
    with suppress(FileNotFoundError):
        annotations = dict(mapping(mapping(read_json(path)).get("annotations")))
    engine = "podman" if annotations.get("io.container.manager") == "libpod" else ""
    return facts_of_annotations(engine, container_id, annotations)


def _merged(annotated: Facts, entry: Mapping[str, object]) -> Facts:
    names = entry.get("names")
    name = text(names[0]) if isinstance(names, list) and names else ""
    metadata: Mapping[str, object] = {}
    with suppress(ValueError, RecursionError):
        metadata = mapping(json.loads(text(entry.get("metadata")) or "{}"))
    return replace(annotated, name=annotated.name or name, image=annotated.image or text(metadata.get("image-name")))
