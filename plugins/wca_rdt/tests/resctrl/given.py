"""Words for tests on a mounted resctrl: threads that can be moved, and what a refusal said."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount, status


def write(path: Path, text: str) -> None:
    """One write(2), as an agent does it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def refusal(mount: ResctrlMount, command: Callable[[], object]) -> tuple[int, str]:
    """(errno, last_cmd_status) of a command that the kernel refuses."""
    try:
        command()
    except OSError as error:
        return error.errno or 0, status(mount)
    raise AssertionError("it was not refused")


def threads(group: Path) -> set[int]:
    """The ids in the group's `tasks`."""
    return {int(line) for line in (group / "tasks").read_text().split()}


@contextmanager
def asleep() -> Iterator[int]:
    """The id of a process that does nothing."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@contextmanager
def own_thread() -> Iterator[int]:
    """The id of a thread of this process that waits."""
    ids: list[int] = []
    is_ready, is_over = threading.Event(), threading.Event()

    def wait() -> None:
        ids.append(threading.get_native_id())
        is_ready.set()
        is_over.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    is_ready.wait()
    try:
        yield ids[0]
    finally:
        is_over.set()
        thread.join()


def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid
