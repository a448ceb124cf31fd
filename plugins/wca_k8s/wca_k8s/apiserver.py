"""The API server: pods of a namespace, listed page by page or watched.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from wca_core.errors import HttpStatusError
from wca_core.net import HttpClient
from wca_k8s.answers import GONE, Event, PodList, parse_event, pod_list

PATIENCE = 300.0
"""Seconds in which a watch must say something; bookmarks come each minute."""
CACHED = "0"
"""A version that the API server answers from its memory, without asking etcd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """Its methods wait for the network, and raise `NetworkError` or `TaskSynchronizationException`."""

    client: HttpClient
    timeout: float
    page_limit: int = 500
    node_name: str = ""
    """Only pods bound to this node; empty: of all nodes."""
    label_selector: str = ""

    def pods(self, namespaces: Sequence[str | None]) -> Sequence[object]:
        """Of all these, in this order, within twice the timeout; None: all namespaces."""
        deadline = time.monotonic() + 2 * self.timeout
        return [pod for namespace in namespaces for pod in self.list(namespace, deadline).pods]

    def list(self, namespace: str | None, deadline: float | None = None) -> PodList:
        """All pages as one; begun once again if the version of the first is gone before the last."""
        deadline = time.monotonic() + 2 * self.timeout if deadline is None else deadline
        try:
            return self._pages(namespace, CACHED, deadline)
        except HttpStatusError as error:
            if error.status != GONE:
                raise
        return self._pages(namespace, "", deadline)

    @contextmanager
    def watch(self, namespace: str | None, version: str) -> Iterator[Iterator[Event]]:
        """What happens after a version; entered once the server has begun to answer."""
        path = _path(namespace)
        query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, **self._selectors}
        with self.client.stream(path, query, PATIENCE) as lines:
            yield (parse_event(line, self.client.url + path) for line in lines)

    def close(self) -> None:
        self.client.close()

    def _pages(self, namespace: str | None, version: str, deadline: float) -> PodList:
        path = _path(namespace)
        query = {"limit": str(self.page_limit), **self._selectors}
        pods: list[object] = []
        begin: Mapping[str, str] = {"resourceVersion": version} if version else {}
        while True:
            page = pod_list(self.client.get(path, {**query, **begin}, deadline), self.client.url + path)
            pods += page.pods
            if not page.goes_on:
                return PodList(pods, page.version)
            begin = {"continue": page.goes_on}  # together with a version it would be refused

    @property
    def _selectors(self) -> Mapping[str, str]:
        selectors = {
            "fieldSelector": f"spec.nodeName={self.node_name}" if self.node_name else "",
            "labelSelector": self.label_selector,
        }
        return {name: text for name, text in selectors.items() if text}


def _path(namespace: str | None) -> str:
    return "/api/v1/pods" if namespace is None else f"/api/v1/namespaces/{namespace}/pods"
