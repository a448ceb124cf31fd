"""Which kernel this is, how it is set, and what this process may have of it."""

import os
import resource
from pathlib import Path

import pytest

from wca_core.errors import HostError
from wca_core.linux.clock import is_synchronised, read_clocksource
from wca_core.linux.kernel import parse_filesystems, parse_version, read_filesystems, read_release, read_setting
from wca_core.linux.limits import UNLIMITED, parse_open_files_limit, read_open_files_limit
from wca_core.linux.namespaces import INITIAL, is_own, parse_namespace
from wca_core.linux.resctrl import parse_flags
from wca_core.testing import Machine

LIMITS = b"Limit                     Soft Limit           Hard Limit           Units\n"


@pytest.mark.parametrize(
    ("release", "version"), [("6.1.0-18-amd64", (6, 1)), ("5.14.0-427.el9.x86_64", (5, 14)), ("4.19", (4, 19))]
)
def test_a_version_is_the_first_two_numbers_of_a_release(release: str, version: tuple[int, int]) -> None:
    assert parse_version(release) == version


def test_a_release_without_numbers_is_an_error() -> None:
    with pytest.raises(ValueError, match="found 'next'"):
        parse_version("next")


def test_the_release_is_what_uname_says(tmp_path: Path) -> None:
    assert read_release("/proc") == os.uname().release == read_release(str(tmp_path))


def test_a_setting_is_a_number_or_missing(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file("/proc/sys/kernel/perf_event_paranoid", "-1\n")
    proc = machine.host().proc

    assert read_setting(proc, "kernel.perf_event_paranoid") == -1
    assert read_setting(proc, "kernel.numa_balancing") is None


def test_a_setting_that_is_no_number_is_an_error_with_its_path(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file("/proc/sys/kernel/numa_balancing", "often\n")

    with pytest.raises(HostError, match="/proc/sys/kernel/numa_balancing: a number expected, found 'often'"):
        read_setting(machine.host().proc, "kernel.numa_balancing")


def test_filesystems_with_and_without_a_device_are_known() -> None:
    assert parse_filesystems("nodev\tresctrl\n\text4\n\n") == {"resctrl", "ext4"}
    assert "proc" in read_filesystems("/proc")


def test_the_hard_limit_of_open_files_counts() -> None:
    line = b"Max open files            1024                 524288               files     \n"

    assert parse_open_files_limit(LIMITS + line) == 524288
    assert parse_open_files_limit(line.replace(b"524288   ", b"unlimited")) == UNLIMITED
    with pytest.raises(ValueError, match="Max open files"):
        parse_open_files_limit(LIMITS)


def test_the_limit_of_this_process_is_what_getrlimit_says(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    assert read_open_files_limit("/proc") == read_open_files_limit(str(tmp_path))
    assert read_open_files_limit("/proc") == (UNLIMITED if hard == resource.RLIM_INFINITY else hard)


@pytest.mark.parametrize("kind", INITIAL)
def test_a_namespace_with_another_number_than_the_first_is_an_own_one(kind: str, tmp_path: Path) -> None:
    link = tmp_path / "self/ns" / kind
    link.parent.mkdir(parents=True)
    assert is_own(str(tmp_path), kind) is None

    link.symlink_to(f"{kind}:[4026532000]")
    assert is_own(str(tmp_path), kind) is True

    link.unlink()
    link.symlink_to(f"{kind}:[{INITIAL[kind]}]")
    assert is_own(str(tmp_path), kind) is False


def test_a_link_that_is_no_namespace_is_an_error() -> None:
    with pytest.raises(ValueError, match="found '/nowhere'"):
        parse_namespace("/nowhere")


def test_the_clock_tells_its_source_and_whether_it_is_right(tmp_path: Path) -> None:
    where = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

    assert read_clocksource(Machine(tmp_path).file(where, "hpet\n").host().sys) == "hpet"
    assert is_synchronised() in (True, False, None)


def test_of_the_flags_of_a_cpu_those_of_resctrl_are_taken_whole() -> None:
    assert parse_flags({"flags": "fpu cat_l3 cqm_mbm_total mbamax"}) == ("cat_l3", "cqm_mbm_total")
    assert parse_flags({}) == ()
