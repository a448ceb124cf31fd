"""How PMUs are read from sysfs, and how terms become the words of an event."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from wca_rdt.perf.pmu import Alias, Encoding, Format, Pmu, parse_format, parse_terms, read_mask, read_names, read_pmu

from wca_core.errors import ConfigurationError, HostError, WcaError
from wca_core.testing import Machine

DEVICES = "/sys/bus/event_source/devices"
CHA = Pmu("uncore_cha_0", 17, formats={"event": "config:0-7", "umask": "config:8-15,32-55", "edge": "config:18"})
CORE = Pmu(
    "cpu",
    4,
    formats={"event": "config:0-7", "umask": "config:8-15", "ldlat": "config1:0-15", "edge": "config:18"},
    aliases={"mem-loads": Alias("event=0xcd,umask=0x1,ldlat=3"), "of-domain": Alias("event=0x1,umask=?")},
)


def test_a_value_is_spread_over_the_ranges_of_its_term_lowest_bits_first() -> None:
    wide_event = Pmu("amd_df", 9, formats={"event": "config:0-7,32-35"})

    assert wide_event.encode({"event": 0x1F4}) == Encoding(9, 0x1000000F4)
    assert CHA.encode({"event": 0x35, "umask": 0xC817FE01}) == Encoding(17, 0x00C817FE00000135)


def test_without_formats_the_umask_follows_the_event() -> None:
    assert Pmu("uncore_cha_0", 17).encode({"event": 0x35, "umask": 0x21}) == Encoding(17, 0x2135)


def test_a_bare_term_is_one() -> None:
    assert CHA.encode({"event": 0x35, "edge": None}) == Encoding(17, 0x35 | 1 << 18)


def test_an_alias_stands_for_its_terms_and_a_named_term_goes_before_them() -> None:
    assert CORE.encode({"mem-loads": None}) == Encoding(4, 0x1CD, 3)
    assert CORE.encode({"mem-loads": None, "ldlat": 30}) == Encoding(4, 0x1CD, 30)


def test_an_alias_that_leaves_a_value_open_needs_it_given() -> None:
    assert CORE.encode({"of-domain": None, "umask": 2}) == Encoding(4, 0x201)
    with pytest.raises(ConfigurationError, match="cpu: its event 'of-domain' needs a value for 'umask'"):
        CORE.encode({"of-domain": None})


def test_whole_words_can_be_given() -> None:
    assert CORE.encode({"config": 0x123456, "config1": 7, "config2": 8}) == Encoding(4, 0x123456, 7, 8)


def test_an_unknown_term_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigurationError, match="cpu: unknown term 'foo'; its terms are edge, event"):
        CORE.encode({"foo": 1})


def test_a_value_too_large_for_its_bits_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cpu: term 'event': a number of at most 8 bits expected, found 0x100"):
        CORE.encode({"event": 0x100})


def test_a_term_of_a_word_that_older_kernels_lack_is_refused() -> None:
    spe = Pmu("arm_spe_0", 8, formats={"inv_event_filter": "config3:0-63"})

    with pytest.raises(ConfigurationError, match="'inv_event_filter' is in config3, which is not supported here"):
        spe.encode({"inv_event_filter": 1})


@pytest.mark.parametrize("pmu", [Pmu("x", 1, formats={"a": "bits"}), Pmu("x", 1, aliases={"a": Alias("?!")})])
def test_what_the_kernel_says_of_a_term_counts_only_when_it_is_used(pmu: Pmu) -> None:
    assert pmu.encode({"config": 1}) == Encoding(1, 1)
    with pytest.raises(HostError, match=r"x/(format|events)/a"):
        pmu.encode({"a": None})


def test_a_pmu_is_read_from_its_directory(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for name, text in {
        "type": "17\n",
        "cpumask": "0,36\n",
        "format/event": "config:0-7\n",
        "events/cas_count_read": "event=0x04,umask=0x03\n",
        "events/cas_count_read.scale": "6.103515625e-5\n",
        "events/cas_count_read.unit": "MiB\n",
    }.items():
        machine.file(f"{DEVICES}/uncore_imc_0/{name}", text)

    pmu = read_pmu(machine.host().sys, "uncore_imc_0")

    assert pmu is not None
    assert (pmu.type, pmu.cpus, pmu.formats) == (17, {0, 36}, {"event": "config:0-7"})
    assert pmu.aliases == {"cas_count_read": Alias("event=0x04,umask=0x03", "6.103515625e-5", "MiB")}
    assert pmu.aliases["cas_count_read"].scale == 2**-14
    assert read_names(machine.host().sys) == ["uncore_imc_0"]
    assert read_mask(machine.host().sys, "uncore_imc_0") == {0, 36}


def test_a_core_pmu_has_its_cpus_in_another_file(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file(f"{DEVICES}/cpu_atom/type", "10\n").file(f"{DEVICES}/cpu_atom/cpus", "8-11\n")

    assert read_pmu(machine.host().sys, "cpu_atom") == Pmu("cpu_atom", 10, frozenset({8, 9, 10, 11}))


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    sys = Machine(tmp_path).host().sys

    assert [read_pmu(sys, name) for name in ("cpu", "", "../kernel")] == [None, None, None]
    assert read_names(sys) == []


def test_a_type_that_is_no_number_is_told_with_its_path(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file(f"{DEVICES}/cpu/type", "four\n")

    with pytest.raises(HostError, match="devices/cpu/type: a number expected, found 'four'"):
        read_pmu(machine.host().sys, "cpu")


def test_a_scale_that_is_no_number_is_told_when_it_is_needed() -> None:
    with pytest.raises(HostError, match="the scale of event=1: a number expected, found 'many'"):
        _ = Alias("event=1", "many").scale


def test_numbers_are_hexadecimal_where_the_reference_had_them_so() -> None:
    assert parse_terms("event=0x35, umask=21 ,edge", hexadecimal=True) == {"event": 0x35, "umask": 0x21, "edge": None}
    assert parse_terms("event=0x35,umask=21,edge") == {"event": 0x35, "umask": 21, "edge": None}


@pytest.mark.parametrize("text", ["", "event=1,", "=1", "event=", "event=zz", "event=1,event=2", "event=-1", "a b=1"])
def test_terms_of_another_form_are_refused(text: str) -> None:
    for hexadecimal in (True, False):
        with pytest.raises(ConfigurationError):
            parse_terms(text, hexadecimal=hexadecimal)


@pytest.mark.parametrize("text", ["", "config", "config:", "config:a", "config:7-0", "config:0-64", "bits:0-7"])
def test_a_format_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected, found"):
        parse_format(text)


@some.composite
def formats(draw: some.DrawFn) -> Format:
    """Ranges that do not touch, in any order."""
    cuts = sorted(draw(some.sets(some.integers(0, 63), min_size=2, max_size=10)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return Format("config", tuple(draw(some.permutations(pairs))))


def bits_of(ranges: Iterable[tuple[int, int]]) -> list[int]:
    return [bit for first, last in ranges for bit in range(first, last + 1)]


@given(formats(), some.integers(0, 2**64 - 1))
def test_each_bit_of_a_value_is_found_again_in_the_word(form: Format, number: int) -> None:
    value = number & ((1 << form.width) - 1)

    word = form.spread(value)

    places = bits_of(form.ranges)
    assert sum((word >> bit & 1) << order for order, bit in enumerate(places)) == value
    assert word & ~sum(1 << bit for bit in places) == 0


@given(formats())
def test_a_format_is_understood_as_the_kernel_writes_it(form: Format) -> None:
    ranges = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in form.ranges)

    assert parse_format(f"config:{ranges}\n") == form


@given(formats(), some.integers(0, 2**70))
def test_no_value_too_large_is_cut_silently(form: Format, excess: int) -> None:
    with pytest.raises(ValueError, match="at most"):
        form.spread((1 << form.width) + excess)


@given(some.dictionaries(some.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True), some.none() | some.integers(0)))
def test_terms_survive_being_written_and_read(terms: dict[str, int | None]) -> None:
    terms = {name: None if value is None else value % 2**64 for name, value in terms.items()}
    text = ",".join(name if value is None else f"{name}={value:#x}" for name, value in terms.items())

    assert not terms or parse_terms(text) == parse_terms(text, hexadecimal=True) == terms


@given(some.text(), some.booleans())
def test_any_text_is_terms_or_an_error_of_ours(text: str, hexadecimal: bool) -> None:
    try:
        terms = parse_terms(text, hexadecimal=hexadecimal)
        CORE.encode(terms)
    except WcaError:
        return
    assert terms
