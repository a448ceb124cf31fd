"""Every path there is, and what is answered there.

| path | what | token |
|---|---|---|
| `/` and its files | a page for people, which asks `/api/overview` | no: it knows nothing by itself |
| `/metrics` | the samples of the newest step | yes |
| `/api/overview` | what the page shows, as JSON | yes |
| `/healthz`, `/readyz` | whether the agent steps; whether what it stores may be relied on | no: probes have none |
| `/debug/state` | what the agent knows; only where it was asked for | yes |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from wca_core.builtin.prometheus.answer import JSON, Answer
from wca_core.builtin.prometheus.fresh import Fresh
from wca_core.builtin.prometheus.health import Health
from wca_core.builtin.prometheus.negotiation import accepts_gzip, chosen_form
from wca_core.builtin.prometheus.pages import Pages, gzipped
from wca_core.builtin.prometheus.request import Request
from wca_core.builtin.prometheus.state import state
from wca_core.builtin.prometheus.steps import Steps
from wca_core.builtin.prometheus.token_file import TokenFile
from wca_core.host import Host
from wca_core.overview import OverviewMaker, as_json

Place: TypeAlias = Callable[[Request], Answer]

FILES = Path(__file__).with_name("page")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Referrer-Policy": "no-referrer",
}
NO_STEP = "no step has ended yet; try again in a moment"


@dataclass(eq=False, kw_only=True)
class Sources:
    """What answers are made of."""

    host: Host
    steps: Steps
    overviews: OverviewMaker
    health: Health


class Site:
    """Answers requests, in any thread."""

    def __init__(
        self,
        sources: Sources,
        *,
        token: TokenFile | None = None,
        weighs_openmetrics: bool = False,
        shows_state: bool = False,
        checks_names: bool = False,
    ) -> None:
        """`checks_names`: answer only those who come by an address or `localhost`; see `_is_of_here`."""
        self._sources = sources
        self._token = token
        self._weighs_openmetrics = weighs_openmetrics
        self._checks_names = checks_names
        self._pages = Pages(sources.host.labels)
        self._overviews = Fresh()
        self._open: dict[str, Place] = {"/healthz": self._healthz, "/readyz": self._readyz, **_files()}
        self._guarded: dict[str, Place] = {"/metrics": self._metrics, "/api/overview": self._overview}
        if shows_state:
            self._guarded["/debug/state"] = self._state

    def answer(self, request: Request) -> Answer:
        place = self._open.get(request.path) or self._guarded.get(request.path)
        if place is None:
            paths = " ".join(path for path in (*self._guarded, *self._open) if "." not in path)
            return Answer.plain(HTTPStatus.NOT_FOUND, f"there is nothing here; there is {paths}")
        if request.method not in ("GET", "HEAD"):
            return Answer.plain(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD expected", {"Allow": "GET, HEAD"})
        if self._checks_names and not _is_of_here(request.headers.get("host", "")):
            return Answer.plain(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this listens for this machine only and answers to addresses and localhost, to no other name",
            )
        if request.path in self._guarded and not self._may_read(request):
            return Answer.plain(
                HTTPStatus.UNAUTHORIZED,
                "a header 'Authorization: Bearer TOKEN' with the right token expected",
                {"WWW-Authenticate": 'Bearer realm="wca"'},
            )
        return place(request)

    def _may_read(self, request: Request) -> bool:
        return self._token is None or self._token.is_shown(request.headers.get("authorization"))

    def _metrics(self, request: Request) -> Answer:
        step = self._sources.steps.newest
        if step is None:
            return Answer.plain(HTTPStatus.SERVICE_UNAVAILABLE, NO_STEP, {"Retry-After": "1"})
        form = chosen_form(request.headers.get("accept"), weighs_openmetrics=self._weighs_openmetrics)
        compressed = accepts_gzip(request.headers.get("accept-encoding"))
        text = self._pages.text(step, form, compressed=compressed)
        return Answer(HTTPStatus.OK, str(form.value), text, _encoding(compressed, "Accept, Accept-Encoding"))

    def _overview(self, request: Request) -> Answer:
        overview = self._sources.overviews.overview()
        if overview is None:
            return Answer.plain(HTTPStatus.SERVICE_UNAVAILABLE, NO_STEP, {"Retry-After": "1"})
        text = self._overviews.made(overview, "json", lambda: _json(as_json(overview)))
        compressed = accepts_gzip(request.headers.get("accept-encoding"))
        if compressed:
            text = self._overviews.made(overview, "gzip", lambda: gzipped([text]))
        return Answer(HTTPStatus.OK, JSON, text, _encoding(compressed, "Accept-Encoding"))

    def _healthz(self, _request: Request) -> Answer:
        return _verdict(self._sources.health.trouble())

    def _readyz(self, _request: Request) -> Answer:
        return _verdict(self._sources.health.unreadiness())

    def _state(self, _request: Request) -> Answer:
        return Answer(HTTPStatus.OK, JSON, _json(state(self._sources.host, self._sources.steps.newest)))


def _files() -> dict[str, Place]:
    """The page for people, by path."""
    files = {f"/{file.name}": file for file in FILES.iterdir() if file.suffix in TYPES}
    return {path: _file(file) for path, file in {"/": FILES / "index.html", **files}.items()}


def _file(file: Path) -> Place:
    content_type = f"{TYPES[file.suffix]}; charset=utf-8"
    return lambda _request: Answer(HTTPStatus.OK, content_type, file.read_bytes(), PAGE_POLICY)


def _verdict(complaint: str | None) -> Answer:
    status = HTTPStatus.SERVICE_UNAVAILABLE if complaint else HTTPStatus.OK
    return Answer.plain(status, complaint or "ok")


def _encoding(compressed: bool, depends_on: str) -> dict[str, str]:
    return {"Vary": depends_on, **({"Content-Encoding": "gzip"} if compressed else {})}


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _is_of_here(host: str) -> bool:
    """Whether a header Host is an address or `localhost`.

    A page of elsewhere can let its own name lead to this machine and then read what answers to that name (DNS
    rebinding); it cannot let an address do so.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.startswith("[") or name.replace(".", "").isdigit() or name.lower() in ("", "localhost")
