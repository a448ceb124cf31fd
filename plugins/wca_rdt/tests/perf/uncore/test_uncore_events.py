"""How uncore events are spelled, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from wca_rdt.perf.uncore.descriptions import CAS_READS, PREDEFINED
from wca_rdt.perf.uncore.events import parse_event, parse_sets

from wca_core.errors import ConfigurationError
from wca_core.model.metric import MetricType


@pytest.mark.parametrize("text", ["platform_cas_count_reads", "platform_cas_count_reads/uncore_imc/event=0xff/"])
def test_an_event_that_wca_knows_needs_no_encoding_and_what_follows_is_ignored(text: str) -> None:
    event = parse_event(text)

    assert (event.metric, event.terms) == (CAS_READS, None)


def test_an_event_of_the_user_has_a_metric_of_its_own() -> None:
    event = parse_event("my/uncore_cha/event=0x35, umask=21 ,config1=A/")

    assert (event.kind, event.terms) == ("uncore_cha", {"event": 0x35, "umask": 0x21, "config1": 10})
    assert event.metric.name == "my"
    assert (event.metric.type, event.metric.unit) == (MetricType.COUNTER, "numeric")
    assert event.metric.levels == ("socket", "pmu_type")
    assert event.metric.help == "uncore event uncore_cha/event=0x35,umask=21,config1=A"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("my/uncore_imc/config=304,config1=2/", {"config": 0x304, "config1": 2}),
        ("my/uncore_imc/config=304,event=0,umask=0/", {"config": 0x304, "event": 0, "umask": 0}),
        ("my/uncore_imc/cas_count_read/", {"cas_count_read": None}),
        ("my/arm_cmn/type=5,eventid=1/", {"type": 5, "eventid": 1}),
        ("my/uncore_imc_3/event=4,edge/", {"event": 4, "edge": None}),
    ],
)
def test_terms_may_be_a_whole_word_an_alias_or_whatever_the_pmu_has(text: str, terms: dict[str, int | None]) -> None:
    assert parse_event(text).terms == terms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an event that WCA knows or METRIC/KIND/event=E,umask=U/ .*expected"),
        ("platform_cas_count_read", "did you mean platform_cas_count_reads?"),
        ("my/uncore_imc", "expected"),
        ("my/uncore_imc/event=1", "exactly three '/', the last one at the end"),
        ("my/uncore_imc/event=1/umask=2/", "exactly three '/'"),
        ("my//event=1/", "the kind of its PMU is missing"),
        ("1my/uncore_imc/event=1/", "'1my' cannot be the name of a metric"),
        ("/uncore_imc/event=1/", "'' cannot be the name of a metric"),
        ("my/uncore_imc//", "a term such as 'event=0x35' expected"),
        ("my/uncore_imc/umask=1/", "'event', 'config' or an alias of the PMU is missing"),
        ("my/uncore_imc/event/", "the term 'event' needs a value"),
        ("my/uncore_imc/event=1,umask/", "the term 'umask' needs a value"),
        ("my/uncore_imc/config/", "the term 'config' needs a value"),
        ("my/uncore_cha/config=1,umask=2/", "'event' and 'umask' cannot stand beside it"),
        ("my/uncore_cha/config=1,event=2/", "'event' and 'umask' cannot stand beside it"),
        ("my/uncore_cha/event=xyz/", "a hexadecimal number expected, found 'xyz'"),
        ("my/uncore_cha/event=1,event=2/", "stands twice"),
        ("platform_dram_hit_ratio/uncore_cha/event=1/", "is a metric of WCA itself"),
        ("platform_scaling_uncore_factor/uncore_cha/event=1/", "is a metric of WCA itself"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_it(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"uncore_event_names: .*{reason.replace('?', '.')}"):
        parse_event(text)


def test_a_flat_list_is_one_set_and_inner_lists_are_sets() -> None:
    flat = parse_sets(["platform_cas_count_reads", "platform_cas_count_writes"])
    nested = parse_sets([["platform_cas_count_reads"], [], ["platform_cas_count_writes"]])

    assert [len(one) for one in flat] == [2]
    assert [len(one) for one in nested] == [1, 1]
    assert parse_sets([]) == ()


@pytest.mark.parametrize("names", [["a/uncore_imc/event=1/"] * 2, [["platform_cas_count_reads"]] * 2])
def test_a_metric_cannot_stand_twice(names: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"the metric .* stands there twice"):
        parse_sets(names)


def test_events_and_lists_of_events_cannot_be_mixed() -> None:
    with pytest.raises(ConfigurationError, match="a list of events or a list of lists expected, found both"):
        parse_sets(["platform_cas_count_reads", ["platform_cas_count_writes"]])  # type: ignore[list-item]


_WORDS = some.sampled_from(["my", "uncore_imc", "event=1", "umask=2", "config", "/", "/", "/", ",", "=", *PREDEFINED])


@given(some.text() | some.lists(_WORDS).map("".join))
def test_any_text_is_an_event_or_an_error_of_ours(text: str) -> None:
    try:
        event = parse_event(text)
    except ConfigurationError:
        return
    assert (event.terms is None) == (event.metric.name in PREDEFINED)
