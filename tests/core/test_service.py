"""What the service manager is told, over real sockets."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.service import ServiceManager, watchdog_seconds

ABSTRACT = f"@wca-test-{os.getpid()}"


@pytest.fixture(params=["file", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A socket like that of systemd, and what `NOTIFY_SOCKET` says of it."""
    name = str(tmp_path / "notify") if request.param == "file" else ABSTRACT
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:] if name.startswith("@") else name)
        ear.settimeout(5)
        yield name, ear


def heard(ear: socket.socket) -> list[str]:
    return ear.recv(4096).decode().split("\n")


def is_silent(ear: socket.socket) -> bool:
    ear.setblocking(False)
    try:
        return not ear.recv(4096)
    except BlockingIOError:
        return True
    finally:
        ear.settimeout(5)


def test_the_first_step_makes_ready_and_each_keeps_the_watchdog_quiet(listening: tuple[str, socket.socket]) -> None:
    name, ear = listening
    service = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "120000000"})

    for _ in range(3):
        service.stepped("3 tasks")
    service.stepped("4 tasks")

    assert heard(ear) == ["WATCHDOG=1", "READY=1", "STATUS=3 tasks"]
    assert [heard(ear), heard(ear), heard(ear)] == [["WATCHDOG=1"], ["WATCHDOG=1"], ["WATCHDOG=1", "STATUS=4 tasks"]]


def test_without_a_watchdog_only_what_is_new_is_told(listening: tuple[str, socket.socket]) -> None:
    name, ear = listening
    service = ServiceManager({"NOTIFY_SOCKET": name})

    service.stepped("3 tasks")
    service.stepped("3 tasks")

    assert heard(ear) == ["READY=1", "STATUS=3 tasks"]
    assert is_silent(ear)


def test_a_reload_is_told_with_its_time_and_its_end(listening: tuple[str, socket.socket]) -> None:
    name, ear = listening
    service = ServiceManager({"NOTIFY_SOCKET": name})

    with pytest.raises(ValueError, match="rules"), service.reloading():
        raise ValueError("the rules are wrong")

    reloading, clock = heard(ear)
    assert reloading == "RELOADING=1"
    assert clock.startswith("MONOTONIC_USEC=")
    assert int(clock.partition("=")[2]) > 0
    assert heard(ear) == ["READY=1"]


def test_after_stopping_nothing_is_told(listening: tuple[str, socket.socket]) -> None:
    name, ear = listening
    service = ServiceManager({"NOTIFY_SOCKET": name})

    service.stopping()
    service.stepped("3 tasks")

    assert heard(ear)[0] == "STOPPING=1"
    assert is_silent(ear)


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:3", "/nowhere/at/all", "@nobody-listens", "/" + "x" * 300])
def test_a_socket_that_cannot_be_used_costs_nothing(name: str) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"})

    service.stepped("3 tasks")
    with service.reloading():
        pass
    service.stopping()


def test_a_service_manager_that_comes_late_is_told_with_the_next_step(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    service = ServiceManager({"NOTIFY_SOCKET": name})
    service.stepped("3 tasks")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(name)
        ear.settimeout(5)
        service.stepped("3 tasks")

        assert heard(ear) == ["READY=1", "STATUS=3 tasks"]


def test_a_full_queue_neither_blocks_nor_loses_that_the_agent_is_ready(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood,
    ):
        ear.bind(name)
        flood.setblocking(False)
        with suppress(BlockingIOError):
            while flood.sendto(b"noise", name):
                pass
        service = ServiceManager({"NOTIFY_SOCKET": name})
        service.stepped("3 tasks")

        while not is_silent(ear):
            pass
        service.stepped("3 tasks")

        assert heard(ear) == ["READY=1", "STATUS=3 tasks"]


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "7"}, 7) == 2.5
    assert watchdog_seconds({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "7"}, 8) == 0
    assert watchdog_seconds({"WATCHDOG_USEC": "2500000"}, 8) == 2.5


@given(st.text())
def test_a_watchdog_that_is_no_number_is_none(text: str) -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": text}, 1) >= 0


def test_a_watchdog_shorter_than_the_interval_is_told(caplog: pytest.LogCaptureFixture) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": "@nobody-listens", "WATCHDOG_USEC": "5000000"})

    service.expect_steps_every(1.0)
    assert caplog.messages == []
    service.expect_steps_every(10.0)

    assert "ends the agent after 5 s without a step, and a step comes every 10 s" in caplog.text
