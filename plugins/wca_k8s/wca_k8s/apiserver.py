"""The API server: pods of a namespace, listed page by page or watched.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.errors import HttpStatusError
from wca_core.net import HttpClient
from wca_k8s.answers import GONE, Event, PodList, parse_event, pod_list

PATIENCE = 300.0
"""Seconds in which a watch must say something; bookmarks come each minute."""
CACHED = "0"
"""A version that the API server answers from its memory, without asking etcd."""
NEWER = (400, GONE, 504)
"""Statuses of a server that cannot tell what is as new as we know: it never will, or is not as far within 3 s."""

Versions: TypeAlias = dict[str | None, str]
"""By namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """Its methods wait for the network, and raise `NetworkError` or `TaskSynchronizationException`."""

    client: HttpClient
    timeout: float
    page_limit: int = 500
    node_name: str = ""
    """Only pods bound to this node; empty: of all nodes."""
    label_selector: str = ""

    def pods(self, namespaces: Sequence[str | None], newest: Versions | None = None) -> Sequence[object]:
        """Of all these, in this order, within twice the timeout; None: all namespaces.

        `newest`: the version of the last list of each, kept up to date here; none is older than that.
        """
        newest = {} if newest is None else newest
        deadline = time.monotonic() + 2 * self.timeout
        found: list[object] = []
        for namespace in namespaces:
            known = newest.pop(namespace, "")  # if that fails, whatever there is will do
            one = self.list(namespace, deadline, not_before=known)
            newest[namespace] = one.version
            found += one.pods
        return found

    def list(self, namespace: str | None, deadline: float | None = None, *, not_before: str = "") -> PodList:
        """All pages as one; those of one node are of the version `not_before` or a later one.

        Begun once again, from etcd, if the version of the first page is gone before the last, or there is none so late.
        """
        deadline = time.monotonic() + 2 * self.timeout if deadline is None else deadline
        begin = {"resourceVersion": CACHED, **self._limit}
        if not_before and self.node_name:  # with a limit, old servers would give this very version for ever
            begin = {"resourceVersion": not_before}
        try:
            return self._pages(namespace, begin, deadline)
        except HttpStatusError as error:
            if error.status not in NEWER:
                raise
        return self._pages(namespace, self._limit, deadline)

    @contextmanager
    def watch(self, namespace: str | None, version: str) -> Iterator[Iterator[Event]]:
        """What happens after a version; entered once the server has begun to answer."""
        path = _path(namespace)
        query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, **self._selectors}
        with self.client.stream(path, query, PATIENCE) as lines:
            yield (parse_event(line, self.client.url + path) for line in lines)

    def close(self) -> None:
        self.client.close()

    def _pages(self, namespace: str | None, begin: Mapping[str, str], deadline: float) -> PodList:
        path = _path(namespace)
        pods: list[object] = []
        while True:
            page = pod_list(self.client.get(path, {**begin, **self._selectors}, deadline), self.client.url + path)
            pods += page.pods
            if not page.goes_on:
                return PodList(pods, page.version)
            begin = {"continue": page.goes_on, **self._limit}  # together with a version it would be refused

    @property
    def _limit(self) -> Mapping[str, str]:
        return {"limit": str(self.page_limit)}

    @property
    def _selectors(self) -> Mapping[str, str]:
        selectors = {
            "fieldSelector": f"spec.nodeName={self.node_name}" if self.node_name else "",
            "labelSelector": self.label_selector,
        }
        return {name: text for name, text in selectors.items() if text}


def _path(namespace: str | None) -> str:
    return "/api/v1/pods" if namespace is None else f"/api/v1/namespaces/{namespace}/pods"
