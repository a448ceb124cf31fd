"""Which of its forms a client wants a page in: the headers Accept and Accept-Encoding (RFC 9110, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A form of a page, and how it is named in Content-Type."""

    kind: str
    version: str

    def __str__(self) -> str:
        return f"{self.kind}; version={self.version}; charset=utf-8"


class Form(Enum):
    """The forms of the page of samples."""

    TEXT = MediaType("text/plain", "0.0.4")
    OPENMETRICS = MediaType("application/openmetrics-text", "1.0.0")


def chosen_form(accept: str | None, *, weighs_openmetrics: bool) -> Form:
    """The form to answer with; what accepts neither is given text, which is more use than a refusal.

    | accepts | `weighs_openmetrics` | form |
    |---|---|---|
    | OpenMetrics, no text | either | OpenMetrics |
    | both, OpenMetrics rather | true | OpenMetrics |
    | anything else | either | text |
    """
    ranges = list(_weighted(accept if accept is not None else "*/*"))
    text, openmetrics = (_quality(form.value, ranges) for form in (Form.TEXT, Form.OPENMETRICS))
    is_wanted = openmetrics > text if weighs_openmetrics else openmetrics > 0 == text
    return Form.OPENMETRICS if is_wanted else Form.TEXT


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the body may be compressed with gzip."""
    qualities = {name.lower(): quality for name, _, quality in _weighted(accept_encoding or "")}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _quality(form: MediaType, ranges: list[tuple[str, dict[str, str], float]]) -> float:
    """That of the most exact range that the form is in; 0 if it is in none."""
    kind, _, _ = form.kind.partition("/")
    exactness = {"*/*": 0, f"{kind}/*": 1, form.kind: 2}
    found = [
        (exactness[name.lower()] + ("version" in parameters), quality)
        for name, parameters, quality in ranges
        if name.lower() in exactness and parameters.get("version", form.version) == form.version
    ]
    return max(found, default=(0, 0.0))[1]


def _weighted(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, parameters and quality of each element; one whose quality is no number from 0 to 1 counts for nothing."""
    for element in header.split(","):
        name, *rest = [part.strip() for part in element.split(";")]
        pairs = (part.partition("=") for part in rest)
        parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
        quality = parameters.pop("q", "1")
        if name and _QUALITY.fullmatch(quality):
            yield name, parameters, float(quality)
