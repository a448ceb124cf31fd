"""Detectors that do to the process and the machine what a guest should not, and do not tidy up after themselves."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.util import spawnv_passfds
from pathlib import Path
from typing import ClassVar

from tests.conformance.good_detector import FOUND, Detector
from wca_core import (
    Host,
    Sample,
    Snapshot,
    Task,
    hookimpl,
    plugin,
)


class Writing(Detector):
    path: ClassVar[str] = "/dev/shm/wca-conformance-broken"

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        Path(self.path).write_text("here I was")
        Path(self.path).unlink()
        return ()


class Running(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        subprocess.run(["true"], check=True)
        return ()


class Signalling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.kill(os.getpid(), signal.SIGCONT)
        return ()


class Setting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.putenv("WCA_BROKEN", "1")
        os.unsetenv("WCA_BROKEN")
        return ()


class Asking(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [] if sys.stdin.readline() else ()


class Exiting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        sys.exit(3)


class Handling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        return ()


class Loud(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        logging.getLogger("wca").setLevel(7)
        return ()


class Moving(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.umask(0o077)
        return ()


class Printing(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        print("found nothing")
        return ()


@dataclass(eq=False, kw_only=True)
class Closing(Detector):
    file: object = field(default=None, init=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self.file = open("/proc/self/stat", "rb")  # noqa: SIM115

    @hookimpl
    def stop(self) -> None:
        self.file.close()  # type: ignore[attr-defined]


class ClosingOnce(Closing):
    @hookimpl
    def stop(self) -> None:
        if self.file is not None:
            self.file.close()  # type: ignore[attr-defined]
            self.file = 0


class NeverClosing(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        os.open("/proc/self/stat", os.O_RDONLY)

    @hookimpl
    def stop(self) -> None: ...


class NeverEnding(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        threading.Thread(target=time.sleep, args=(9,), daemon=True, name="never-ending").start()

    @hookimpl
    def stop(self) -> None: ...


@dataclass(eq=False, kw_only=True)
class StartingOnce(Detector):
    has_stopped: bool = field(default=False, init=False)

    @hookimpl
    def start(self, host: Host) -> None: ...

    @hookimpl
    def stop(self) -> None:
        self.has_stopped = True

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Sample]:
        return iter([] if self.has_stopped else [FOUND.sample(1)])


class NeedingFiles(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        Path(f"{host.proc}/stat").read_text()


class Sleeping(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        time.sleep(0.15)
        return ()


class AskingInVain(Detector):
    """Catches whatever comes of it."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        with contextlib.suppress(BaseException):
            input("which task? ")
        return ()


@plugin(api=1)
class AtHome:
    """Reads the files of the machine that it runs on."""

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> None:
        Path("/proc/uptime").read_text()


class Spawning(Detector):
    """As `multiprocessing` does it, of which Python tells no audit hook."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.waitpid(spawnv_passfds(b"/bin/true", ["true"], []), 0)
        return ()
