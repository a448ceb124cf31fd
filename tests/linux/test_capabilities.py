"""Masks of capabilities, and what else limits a process."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.capabilities import (
    SECCOMP_FILTER,
    Capability,
    capabilities_of,
    parse_privileges,
    read_privileges,
)

STATUS = b"""\
Name:\tpython3
CapInh:\t0000000000000000
CapPrm:\t000001ffffffffff
CapEff:\t0000004000080000
CapBnd:\t000001ffffffffff
CapAmb:\t0000004000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
"""
HEADER = Path("/usr/include/linux/capability.h")


def test_all_64_bits_of_a_mask_count() -> None:
    found = parse_privileges(STATUS)

    assert found.has(Capability.PERFMON)
    assert found.has(Capability.SYS_PTRACE)
    assert not found.has(Capability.SYS_ADMIN)
    assert capabilities_of(found.ambient) == (Capability.PERFMON,)
    assert len(capabilities_of(found.bounding)) == 41


def test_what_else_limits_a_process_is_told() -> None:
    found = parse_privileges(STATUS)

    assert found.no_new_privileges
    assert found.seccomp == SECCOMP_FILTER


def test_lines_that_old_kernels_lack_count_as_nothing() -> None:
    found = parse_privileges(b"CapEff:\t0000000000000001\n")

    assert (found.effective, found.bounding, found.ambient, found.no_new_privileges) == (1, 0, 0, False)


@given(st.binary() | st.text(alphabet="CapEfbndAm:\t0123456789abcdef\n").map(str.encode))
def test_no_text_raises_anything_but_value_error(text: bytes) -> None:
    try:
        found = parse_privileges(text)
    except ValueError:
        return
    assert 0 <= found.effective < 1 << 64


def test_unknown_bits_have_no_name() -> None:
    assert capabilities_of(1 << 63 | 1) == (Capability.CHOWN,)


def test_names_are_as_the_kernel_spells_them() -> None:
    assert str(Capability.CHECKPOINT_RESTORE) == "CAP_CHECKPOINT_RESTORE"
    assert (Capability.PERFMON, Capability.BPF, Capability.CHECKPOINT_RESTORE) == (38, 39, 40)


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed (linux-libc-dev)")
def test_the_bits_are_those_of_the_kernels_header() -> None:
    bits = dict(re.findall(r"^#define (CAP_[A-Z_]+)\s+(\d+)$", HEADER.read_text(), re.MULTILINE))

    assert {str(one): str(int(one)) for one in Capability}.items() <= bits.items()


def test_the_kernel_knows_as_many_as_we_have_names_for_or_more() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())

    assert last >= max(Capability) or os.uname().release < "5.9"


def test_those_of_this_process_are_what_capget_says() -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    masks = (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capget(header, masks) == 0

    assert read_privileges("/proc").effective == masks[0] | masks[3] << 32


def test_a_machine_without_this_process_tells_of_the_own_one(tmp_path: Path) -> None:
    assert read_privileges(str(tmp_path)) == read_privileges("/proc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_an_ambient_capability_of_an_ordinary_user_is_seen() -> None:
    program = "from wca_core.linux.capabilities import *; p = read_privileges('/proc'); print(p.effective, p.ambient)"
    caps = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]

    ran = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *caps, sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout.split() == ["4", "4"], ran.stderr
