"""The shape of what kubelet and API server answer: lists of pods, and events of a watch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wca_core.errors import HttpStatusError, TaskSynchronizationException
from wca_core.net.untrusted import mapping, shown, text

GONE = 410
"""The version that was asked for is no longer known: list again."""


@dataclass(frozen=True, slots=True)
class PodList:
    """One page, or the whole list; the pods are as they came, of any type."""

    pods: list[object]
    version: str = ""
    """What a watch goes on from."""
    goes_on: str = ""
    """What to ask the next page with; empty: there is none."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a watch tells: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, with a pod or a status."""

    type: str
    document: Mapping[str, object]

    @property
    def version(self) -> str:
        return text(mapping(self.document.get("metadata")).get("resourceVersion"))

    @property
    def error(self) -> HttpStatusError:
        """What an ERROR tells."""
        code, message = self.document.get("code"), shown(self.document.get("message"))
        status = code if type(code) is int and 400 <= code < 600 else 500
        return HttpStatusError(f"the API server ended the watch: {status}: {message}", status=status)


def pod_list(answer: object, place: str) -> PodList:
    """From JSON; `items: null` is an empty list. Raises `TaskSynchronizationException`."""
    items = answer.get("items", ...) if isinstance(answer, dict) else ...
    if items is not None and not isinstance(items, list):
        found = f"{mapping(answer).get('kind')!r:.60}" if isinstance(answer, dict) else type(answer).__name__
        raise TaskSynchronizationException(f"{place}: a list of pods expected ('items'), found {found}")
    metadata = mapping(mapping(answer).get("metadata"))
    for item in items or ():
        _slim(item)
    return PodList(items or [], text(metadata.get("resourceVersion")), text(metadata.get("continue")))


def parse_event(line: bytes, place: str) -> Event:
    """Raises `TaskSynchronizationException`."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        found = line[:60].decode(errors="replace")
        raise TaskSynchronizationException(f"{place}: an event as JSON expected, found {found!r}") from error
    kind, document = text(mapping(event).get("type")), mapping(event).get("object")
    if not kind or not isinstance(document, dict):
        raise TaskSynchronizationException(f"{place}: an event with type and object expected, found {line[:60]!r}")
    _slim(document)
    return Event(kind, document)


def _slim(pod: object) -> None:
    """Half of a pod is a record of who changed what; nobody here looks at it."""
    metadata = pod.get("metadata") if isinstance(pod, dict) else None
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
