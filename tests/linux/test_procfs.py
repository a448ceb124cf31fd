"""Files of /proc: a string in, values out."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms import MEMINFO, STAT, XEON
from wca_core.errors import HostError
from wca_core.linux.procfs import (
    CPU_FIELDS,
    parse_cpu_frequencies,
    parse_cpuinfo,
    parse_meminfo,
    parse_stat,
    read_architecture,
    read_cpu_frequencies,
    read_cpuinfo,
    read_meminfo,
)


def test_the_lines_of_single_cpus_are_read_and_not_their_sum() -> None:
    cpus, columns = parse_stat(STAT.encode())

    assert cpus == (0, 1)
    assert [tuple(column) for column in columns] == [
        *((100, 1), (100, 2), (100, 4), (100, 8), (100, 16), (100, 32), (100, 64)),
        *((0, 128), (0, 0), (0, 1)),
    ]
    assert len(columns) == len(CPU_FIELDS)


def test_fields_that_an_older_kernel_lacks_are_0() -> None:
    cpus, columns = parse_stat(b"cpu  1 2 3 4\ncpu7 1 2 3 4 5 6 7\n")

    assert cpus == (7,)
    assert columns[CPU_FIELDS.index("softirq")] == [7]
    assert columns[CPU_FIELDS.index("steal")] == [0]


def test_fields_that_a_newer_kernel_adds_are_left_out() -> None:
    _, columns = parse_stat(b"cpu0 1 2 3 4 5 6 7 8 9 10 11\n")

    assert [*map(sum, columns)] == [*range(1, 11)]


@pytest.mark.parametrize("text", [b"", b"intr 5\n", b"cpu 1 2\n", b"cpufreq 1\n"])
def test_a_text_without_cpus_has_none(text: bytes) -> None:
    cpus, columns = parse_stat(text)

    assert cpus == ()
    assert [len(column) for column in columns] == [0] * len(CPU_FIELDS)


@pytest.mark.parametrize("text", [b"cpu0 1 2\ncpu1 1\n", b"cpu0 a\n", b"cpu0x 1\n", b"cpu0 1.5\n"])
def test_lines_that_do_not_fit_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_stat(text)


@given(st.binary() | st.text(alphabet="cpu0123456789 -\n").map(str.encode))
def test_no_stat_at_all_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        cpus, columns = parse_stat(text)
        assert {len(column) for column in columns} == {len(cpus)}


def test_sizes_are_bytes_and_what_has_none_is_left_out() -> None:
    sizes = parse_meminfo(MEMINFO.encode(), ("MemFree", "HugePages_Total", "Missing", "SwapTotal"))

    assert sizes == {"MemFree": 18245956 * 1024, "SwapTotal": 2000000 * 1024}


def test_the_key_is_all_before_the_colon() -> None:
    text = b"SwapCached: 1 kB\nCached:\t 2 kB\nActive(anon): 3 kB\n"

    assert parse_meminfo(text, ("Cached", "Active(anon)", "Active", "Swap")) == {"Cached": 2048, "Active(anon)": 3072}


def test_the_lines_of_a_node_begin_with_its_number() -> None:
    text = b"Node 0 MemFree: 123 kB\nNode 0  MemUsed:  4 kB\n"

    assert parse_meminfo(text, ("MemUsed", "MemFree")) == {"MemFree": 123 * 1024, "MemUsed": 4096}


@given(st.binary() | st.text(alphabet="Node Mm:0123456789kB \n").map(str.encode), st.lists(st.text("NdM(:")))
def test_no_meminfo_at_all_raises_anything_but_value_error(text: bytes, keys: list[str]) -> None:
    with suppress(ValueError):
        assert all(size >= 0 for size in parse_meminfo(text, tuple(keys)).values())


def test_only_the_first_cpu_is_asked_and_only_the_first_colon_parts() -> None:
    fields = parse_cpuinfo(XEON)

    assert fields["model"] == "85"
    assert fields["model name"] == "Intel(R) Xeon(R) Gold 6240Y CPU @ 2.60GHz: rev 7"
    assert fields["power management"] == ""


@given(st.text())
def test_no_cpuinfo_at_all_raises_anything_but_value_error(text: str) -> None:
    parse_cpuinfo(text)
    with suppress(ValueError):
        parse_cpu_frequencies(text)


def test_each_cpu_that_tells_its_frequency_has_one() -> None:
    assert parse_cpu_frequencies(f"{XEON}\nprocessor: 2\n") == {0: pytest.approx(2600.123e6), 1: 1.2e9}


def test_a_cpuinfo_of_many_pages_is_read_whole_for_frequencies() -> None:
    assert len(read_cpu_frequencies("/proc")) in (0, os.cpu_count())


def test_the_architecture_is_the_one_of_the_machine_that_is_measured(tmp_path: Path) -> None:
    assert read_architecture(str(tmp_path)) == os.uname().machine
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/arch").write_text("riscv64\n")

    assert read_architecture(str(tmp_path)) == "riscv64"


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    for read in (read_cpuinfo, read_cpu_frequencies):
        with pytest.raises(HostError, match=f"{tmp_path}/cpuinfo: cannot be read: No such file"):
            read(str(tmp_path))
    with pytest.raises(HostError, match=f"{tmp_path}/meminfo: cannot be read: No such file"):
        read_meminfo(str(tmp_path), ("MemTotal",))
