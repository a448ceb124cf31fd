"""The harness itself, without booting anything: what it takes for a verdict, a kernel, a machine."""

import lzma
import os
import time
from pathlib import Path

import pytest

from tests.vm.console import Console, lines_until
from tests.vm.host import VirtualMachineError, require_programs
from tests.vm.kernel import cache_folder, extract_vmlinux, find_kernel, newest
from tests.vm.machine import VirtualMachine, job_of, numa_arguments


def console(*lines: str) -> tuple[Console, list[str]]:
    """A console that was told `lines`, and what it showed of them."""
    shown: list[str] = []
    read = Console("f00d", show=shown.append)
    for line in lines:
        read.take(line)
    return read, shown


def bz_image(kernel: bytes, size: int | None = None) -> bytes:
    """A bzImage of one setup sector, with `kernel` in xz at 0x40 after it."""
    payload = lzma.compress(kernel) + (size or len(kernel)).to_bytes(4, "little")
    header = bytearray(1024)
    header[0x1F1] = 1
    header[0x202:0x206] = b"HdrS"
    header[0x248:0x24C] = (0x40).to_bytes(4, "little")
    header[0x24C:0x250] = len(payload).to_bytes(4, "little")
    return bytes(header) + bytes(0x40) + payload


def test_only_what_the_command_said_is_shown() -> None:
    _, shown = console("Linux version", "@@ f00d started", "one", "two", "@@ f00d ended 0.", "reboot: Power down")

    assert shown == ["one", "two"]


def test_the_verdict_is_the_status_the_guest_gave() -> None:
    read, _ = console("@@ f00d started", "printk in the way @@ f00d ended 137.")

    assert read.rc == 137


@pytest.mark.parametrize("line", ["@@ beef ended 0.", "@@ f00d ended 1", "@@ cmd rc=0 ", "11 passed", ""])
def test_anything_else_is_no_verdict(line: str) -> None:
    read, _ = console("@@ f00d started", line)

    assert read.rc is None


@pytest.mark.parametrize(
    ("line", "is_known"),
    [
        ("[    1.451025] Oops: int3: 0000 [#2] PREEMPT SMP NOPTI", True),
        ("[    3.093098] int3: 0000 [#1] PREEMPT SMP NOPTI", True),
        ("[    2.985521] Oops: general protection fault: 0000 [#1] SMP", False),
        ("[    2.985521] Kernel panic - not syncing: sysrq triggered crash", False),
    ],
)
def test_only_the_known_fault_of_the_emulator_is_worth_another_boot(line: str, is_known: bool) -> None:
    read, _ = console(line)

    assert read.has_emulation_fault is is_known


def test_lines_come_as_a_terminal_would_leave_them() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"collecting ... \rcollected 11 items\r\n\xff\r\nlast")
    os.close(writing)

    assert list(lines_until(reading, time.monotonic() + 5)) == ["collected 11 items", "\ufffd", "last"]


def test_a_silent_guest_is_given_up_at_the_deadline() -> None:
    reading, _ = os.pipe()

    with pytest.raises(TimeoutError):
        list(lines_until(reading, time.monotonic() + 0.05))


def test_the_kernel_comes_out_of_a_bz_image() -> None:
    assert extract_vmlinux(bz_image(b"\x7fELF and more")) == b"\x7fELF and more"


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (b"no kernel", "'HdrS' is not at 0x202"),
        (bz_image(b"not an ELF"), "no ELF kernel of 10 bytes"),
        (bz_image(b"\x7fELF", size=5), "no ELF kernel of 5 bytes: 4 bytes came out"),
        (bz_image(b"\x7fELF").replace(b"\xfd7zXZ", b"BZh91"), "neither xz nor zstd: it begins with 42 5a"),
    ],
)
def test_what_is_no_kernel_is_refused(image: bytes, complaint: str) -> None:
    with pytest.raises(VirtualMachineError, match=complaint):
        extract_vmlinux(image)


def test_versions_are_compared_as_numbers() -> None:
    assert newest(["linux-image-6.12.9+deb12", "linux-image-6.12.117+deb12"]) == "linux-image-6.12.117+deb12"


def test_the_newest_cached_kernel_is_found_without_asking_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_VM_CACHE", str(tmp_path))
    for version in ("6.12.9", "6.12.10"):
        folder = cache_folder() / f"linux-image-{version}+deb12-cloud-amd64-unsigned"
        folder.mkdir()
        (folder / "msr.ko").touch()

    assert find_kernel().parent.name == "linux-image-6.12.10+deb12-cloud-amd64-unsigned"


def test_every_missing_program_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(VirtualMachineError, match=r"not installed: no-such-a, no-such-b \(apt-get update && "):
        require_programs(["sh", "no-such-a", "no-such-b"])


def test_the_guest_is_told_paths_and_arguments_with_spaces() -> None:
    job = job_of(VirtualMachine(), Path("/cache/vmlinux"), "f00d", ["pytest", "-k", "one or two"])

    assert "TOKEN=f00d\n" in job
    assert "command() { pytest -k 'one or two'; }\n" in job


@pytest.mark.parametrize(
    ("machine", "cpus"),
    [
        (VirtualMachine(), ["cpus=0-1", "cpus=2-3"]),
        (VirtualMachine(nodes=3, cpus_per_node=1), ["cpus=0-0", "cpus=1-1", "cpus=2-2"]),
    ],
)
def test_cpus_are_numbered_node_by_node(machine: VirtualMachine, cpus: list[str]) -> None:
    nodes = [word for word in numa_arguments(machine) if word.startswith("node,")]

    assert [node.split(",")[-1] for node in nodes] == cpus
