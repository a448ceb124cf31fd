"""Each parser on what its tool really printed, or on lines out of its documents (see outputs/README.md)."""

from __future__ import annotations

import pytest
from wca_wrapper.measurement import samples_of
from wca_wrapper.parsers import parser_names

from plugins.wca_wrapper.tests.captured import expectation, fed, names, output, parser, parser_of, values
from wca_core.errors import ConfigurationError, PluginError
from wca_core.model.metric import MetricType

ENDED_BY_MARKER = {
    *("cassandra_stress-documented-2.1", "mutilate-documented-scan", "mysql_tpm_gauge-documented"),
    "stress_ng-0.15.06-yaml",
}


READS_MORE_THAN_LINES = ("example_workload", "fio", "redis_benchmark", "specjbb")
"""Every line whatever it says, or a table or document as one piece."""


def test_every_parser_has_an_output() -> None:
    assert {parser_of(name) for name in names()} | {"default"} == {
        name for name in parser_names() if not name.startswith("tensorflow_benchmark_")
    }


@pytest.mark.parametrize("name", names())
def test_a_parser_finds_the_numbers_of_an_output(name: str) -> None:
    of_tool = parser(parser_of(name))
    expected, is_all = expectation(name)

    found = values(fed(of_tool, output(name)))

    assert {key: found.get(key) for key in expected} == pytest.approx(expected)
    assert not is_all or found.keys() == expected.keys()
    assert getattr(of_tool, "unreadable_lines", 0) == 0


@pytest.mark.parametrize("name", names())
def test_an_end_marker_ends_the_parsing_where_the_tool_has_one(name: str) -> None:
    of_tool = parser(parser_of(name))

    fed(of_tool, output(name))

    assert getattr(of_tool, "has_ended", False) == (name in ENDED_BY_MARKER)


@pytest.mark.parametrize("name", names())
def test_everything_found_has_prefix_and_labels_and_can_be_stored(name: str) -> None:
    labels = {"application": "redis", "own_ip": "10.0.0.1"}

    found = fed(parser(parser_of(name), "prefix_", labels), output(name))
    _, refused = samples_of(found)

    assert [
        one for one in found if not one.name.startswith("prefix_") or not labels.items() <= one.labels.items()
    ] == []
    assert refused == 0
    assert labels == {"application": "redis", "own_ip": "10.0.0.1"}


@pytest.mark.parametrize("name", [name for name in names() if parser_of(name) not in READS_MORE_THAN_LINES])
def test_lines_of_others_in_between_change_nothing(name: str) -> None:
    quiet = output(name)
    noisy = quiet.replace(b"\n", b"\nwarning: something of somebody else [12] : 5 %\n")

    assert values(fed(parser(parser_of(name)), noisy)) == values(fed(parser(parser_of(name)), quiet))


@pytest.mark.parametrize("name", names())
def test_an_output_with_carriage_returns_says_the_same(name: str) -> None:
    plain = output(name)
    returned = plain.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    assert fed(parser(parser_of(name)), returned) == fed(parser(parser_of(name)), plain)


@pytest.mark.parametrize("name", sorted({parser_of(name) for name in names()}))
def test_no_output_gives_nothing(name: str) -> None:
    assert fed(parser(name), b"") == []


def test_not_a_number_of_a_tool_is_never_a_value() -> None:
    rpc_perf, redis = parser("rpc_perf"), parser("redis_benchmark")

    without = values(fed(rpc_perf, output("rpc_perf-documented-no-traffic")))
    early = values(fed(redis, b"SET: rps=0.0 (overall: 0.0) avg_msec=-nan (overall: -nan)\r"))

    assert not {"success", "hit_rate"} & without.keys()
    assert early == {"running_requests_per_second{test=set}": 0}


def test_errors_of_ycsb_are_not_taken_for_reads() -> None:
    line = b"1 sec: 5 operations; [READ-FAILED: Count=2, Avg=9, 99.99=9] [UPDATE: Count=1, Avg=3, 99.99=4]\n"

    assert values(fed(parser("ycsb"), line)) == {"operations": 5, "update_avg": 3, "update_p9999": 4}


def test_the_labels_of_a_second_of_stress_ng_are_not_on_what_follows() -> None:
    found = fed(parser("stress_ng", labels={"a": "b"}), output("stress_ng-documented-patched"))

    assert {tuple(one.labels) for one in found if one.name == "bogo_ops"} == {("a", "stressor")}
    assert {one.type for one in found if one.name == "bogo_ops_counter"} == {MetricType.COUNTER}
    assert {one.type for one in found if one.name != "bogo_ops_counter"} == {MetricType.GAUGE}


def test_stress_ng_can_do_without_the_label_that_makes_series_every_second() -> None:
    found = fed(parser("stress_ng", drop_time_label=True), output("stress_ng-documented-patched"))

    assert {tuple(one.labels) for one in found if "counter" in one.name} == {("id_proc_stress_ng",)}


@pytest.mark.parametrize(
    ("name", "options", "speed"),
    [
        ("tensorflow_benchmark", {}, "training_speed"),
        ("tensorflow_benchmark", {"mode": "prediction"}, "prediction_speed"),
        ("tensorflow_benchmark_training", {}, "training_speed"),
        ("tensorflow_benchmark_prediction", {}, "prediction_speed"),
    ],
)
def test_the_mode_of_tensorflow_names_its_speed(name: str, options: dict[str, object], speed: str) -> None:
    found = values(fed(parser(name, **options), output("tensorflow_benchmark-documented-1")))

    assert found[speed] == 74.9


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mutilate", b"read 149.9 29.5 93.3\n"),
        ("mutilate", b"Total QPS = many\n"),
        ("cassandra_stress", b"Op rate : unknown op/s\n"),
        ("mysql_tpm_gauge", b"TPM: -\n"),
        ("fio", b"{\n  nonsense\n}\n"),
        ("specjbb", b"Response times:\nRequest, p90, p99\nTotalPurchase, 1\n\n"),
        ("ycsb", b"x current ops/sec\n"),
    ],
)
def test_a_line_that_looks_relevant_but_says_nothing_is_counted(name: str, line: bytes) -> None:
    of_tool = parser(name)

    assert fed(of_tool, line) == []
    assert of_tool.unreadable_lines == 1  # type: ignore[attr-defined]


def test_an_unknown_parser_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"parser 'ycbs' is not installed; there are .*did you mean ycsb\?"):
        parser("ycbs")


def test_an_option_that_a_parser_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="mode: the parser 'ycsb' has no such option"):
        parser("ycsb", mode="training")


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises((ConfigurationError, PluginError), match="training or prediction expected"):
        parser("tensorflow_benchmark", mode="sleeping")


def test_documents_of_fio_one_after_another_are_updates_of_their_own() -> None:
    document = output("fio-3.33-json")

    updates = [found for line in (document * 3).decode().splitlines() if (found := FIO.feed(line))]

    assert len(updates) == 3


FIO = parser("fio")
