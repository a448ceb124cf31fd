"""The operator API of a Mesos agent, version 1: questions by POST to `/api/v1`.

http://mesos.apache.org/documentation/latest/operator-http-api/#agent-api

| the agent answers | what is done |
|---|---|
| 503, as it does while it recovers | asked once more after a second |
| a redirect to somebody else | an error: only masters do that |
| 401, 403 | an error that names what the principal must be allowed |
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from wca_core.errors import HttpStatusError
from wca_core.net import HttpClient
from wca_mesos.state import IS_A_MASTER, Container, State, parse_containers, parse_state

PATH = "/api/v1"
RECOVERY = 1.0
"""Seconds."""
PERMISSIONS = (
    "the principal shown to the Mesos agent (principal and secret_path, or token_path) needs its ACLs view_containers, "
    "view_tasks, view_executors and view_frameworks"
)
UNTRUSTED = (
    "Name the authority that signed the certificate of the Mesos agent (ssl.server_verify: /path/ca.pem), or trust "
    "anybody who answers (ssl.server_verify: false); ask an agent without TLS by http (mesos_agent_endpoint: http://...)"
)


class AgentApi:
    """Asks one agent. Its methods raise `NetworkError` and `TaskSynchronizationException`."""

    def __init__(self, client: HttpClient, prefixes: Sequence[str] = (), recovery: float = RECOVERY) -> None:
        """`prefixes` are dropped from the keys of labels; `recovery`: seconds to wait for an agent that recovers."""
        self._client = client
        self._prefixes = prefixes
        self._recovery = recovery
        self._last: tuple[object, State] | None = None

    def state(self) -> State:
        """The tasks; the same object as before if the agent answered the same."""
        answer = self._asked({"type": "GET_STATE"})
        if self._last is None or self._last[0] != answer:
            self._last = answer, parse_state(answer, self._place("GET_STATE"), self._prefixes)
        return self._last[1]

    def containers(self) -> dict[Container, int]:
        """The pid of each container, nested ones too."""
        answer = self._asked({"type": "GET_CONTAINERS", "get_containers": {"show_nested": True}})
        return parse_containers(answer, self._place("GET_CONTAINERS"))

    def close(self) -> None:
        self._client.close()

    def _place(self, question: str) -> str:
        return f"{self._client.url}{PATH} {question}"

    def _asked(self, question: object) -> object:
        try:
            return self._once(question)
        except HttpStatusError as error:
            if error.status != 503 or error.retry_after is not None:  # the client has waited as long as it was told
                raise
        time.sleep(self._recovery)
        return self._once(question)

    def _once(self, question: object) -> object:
        try:
            return self._client.post(PATH, question)
        except HttpStatusError as error:
            advice = _advice(error.status)
            if not advice:
                raise
            raise HttpStatusError(
                f"{error}: {advice}", status=error.status, location=error.location, retry_after=error.retry_after
            ) from error


def _advice(status: int) -> str:
    if 300 <= status < 400:
        return IS_A_MASTER
    return PERMISSIONS if status in (401, 403) else ""
