"""How an uncore event is spelled in a configuration: `uncore_event_names`.

| form | means |
|---|---|
| `platform_cas_count_reads` | an event that WCA knows; what follows a `/` is ignored |
| `METRIC/KIND/event=E,umask=U,config1=C/` | an event of all PMUs of a kind, or of one PMU named itself |
| `METRIC/KIND/config=C,config1=C/` | the same with its whole word |
| `METRIC/KIND/TERM=VALUE,ALIAS/` | any terms and aliases that the kernel tells for the PMU |

Numbers are hexadecimal, with or without `0x`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wca_core.errors import ConfigurationError
from wca_core.model.metric import METRIC_NAME, Metric
from wca_rdt.perf.pmu import parse_terms
from wca_rdt.perf.uncore.descriptions import DERIVED, OWN, PREDEFINED, counted

FORM = "METRIC/KIND/event=E,umask=U/ with hexadecimal numbers"

_NEED_A_VALUE = ("event", "umask", "config")
_NO_EVENT = ("umask", "config1", "config2")
_OURS = frozenset(metric.name for metric in (*DERIVED, *OWN))


@dataclass(frozen=True, slots=True)
class Event:
    """One event as asked for."""

    metric: Metric
    kind: str = ""
    """Of its PMUs, or the name of one; empty for an event that WCA knows."""
    terms: Mapping[str, int | None] | None = None
    """None for an event that WCA knows."""


def parse_sets(names: Sequence[str] | Sequence[Sequence[str]]) -> tuple[tuple[Event, ...], ...]:
    """The events by set: each is counted in groups of its own. A flat list is one set.

    Raises `ConfigurationError`.
    """
    inner = [item for item in names if not isinstance(item, str)]
    if inner and len(inner) < len(names):
        raise ConfigurationError("uncore_event_names: a list of events or a list of lists expected, found both in one")
    lists = inner or [[item for item in names if isinstance(item, str)]]
    sets = tuple(tuple(parse_event(text) for text in one) for one in lists if one)
    seen: set[str] = set()
    for event in (event for one in sets for event in one):
        if event.metric.name in seen:
            raise ConfigurationError(f"uncore_event_names: the metric {event.metric.name} stands there twice")
        seen.add(event.metric.name)
    return sets


def parse_event(text: str) -> Event:
    """Raises `ConfigurationError` that quotes the event and says which rule it breaks."""
    name, slash, rest = (part.strip() for part in text.strip().partition("/"))
    if name in PREDEFINED:
        return Event(PREDEFINED[name])
    kind, second, terms_text = (part.strip() for part in rest.partition("/"))
    if not (slash and second):
        close = difflib.get_close_matches(name, PREDEFINED, n=1)
        hint = f"did you mean {close[0]}?" if close else f"WCA knows {', '.join(PREDEFINED)}"
        raise _wrong(text, f"an event that WCA knows or {FORM} expected; {hint}")
    if not terms_text.endswith("/") or "/" in terms_text[:-1]:
        raise _wrong(text, f"{FORM} expected: exactly three '/', the last one at the end")
    if not METRIC_NAME.fullmatch(name):
        raise _wrong(text, f"{name!r} cannot be the name of a metric: {METRIC_NAME.pattern} expected")
    if name in _OURS:
        raise _wrong(text, f"{name} is a metric of WCA itself, choose another name")
    if not kind:
        raise _wrong(text, "the kind of its PMU is missing")
    terms_text = ",".join(term.strip() for term in terms_text[:-1].split(","))
    return Event(counted(name, f"uncore event {kind}/{terms_text}"), kind, _terms(text, terms_text))


def _terms(text: str, terms_text: str) -> dict[str, int | None]:
    try:
        terms = parse_terms(terms_text, hexadecimal=True)
    except ConfigurationError as error:
        raise _wrong(text, str(error)) from error
    for term in _NEED_A_VALUE:
        if term in terms and terms[term] is None:
            raise _wrong(text, f"the term {term!r} needs a value")
    if "config" in terms and (terms.get("event") or terms.get("umask")):
        raise _wrong(text, "'config' is the whole word: 'event' and 'umask' cannot stand beside it")
    if terms.keys() <= {*_NO_EVENT} and None not in terms.values():
        raise _wrong(text, "'event', 'config' or an alias of the PMU is missing")
    return terms


def _wrong(text: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"uncore_event_names: {text[:200]!r}: {reason}")
