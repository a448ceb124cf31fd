"""Sees what is done to files, processes and the process itself while a plugin is called: by Python's audit events.

An audit hook cannot be taken away again, so there is one, which looks only while somebody watches. What a library
written in C does by itself, it does not see.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    f"os.{name}"
    for name in ("rename", "remove", "rmdir", "mkdir", "chmod", "chown", "chflags", "link", "symlink", "truncate")
) | {
    "os.setxattr",
    "os.removexattr",
    "os.utime",
    "shutil.move",
    "shutil.rmtree",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
}
"""Events whose first argument is the path that changes."""
PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"}
)
SIGNALS = frozenset({"os.kill", "os.killpg", "signal.pthread_kill", "pty.spawn"})
OWN_PROCESS = frozenset({"resource.setrlimit", "resource.prlimit", "os.putenv", "os.unsetenv", "socket.sethostname"})
LOOKS = frozenset({"open", "os.listdir", "os.scandir"})
QUESTIONS = frozenset({"builtins.input"})

NO_FILES = re.compile(r"/__pycache__/|\.pyc(\.\d+)?$|^/dev/(null|tty|pts/|stdout|stderr)|^/proc/self/")
"""What Python itself writes while it imports, and what is no file."""
KERNEL = re.compile(r"/(proc|sys)(/|$)(?!self/|self$|thread-self/)")
"""Below the real `/`: a fake machine is elsewhere."""
AIDS = re.compile(r"(^|/proc/\d+/)clear_refs$|/mon_groups(/|$)|/page_idle/bitmap$")
"""Measuring aids, which are no allocations; `requirements` names them."""


@dataclass(slots=True)
class Watch:
    """What was seen."""

    written: list[str] = field(default_factory=list)
    """Paths that were opened for writing, made, renamed or removed."""
    programs: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    """Of the own process."""
    questions: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Files and directories of the kernel that were opened, without those of the own process."""
    _strangers: frozenset[int] = field(default_factory=lambda: frozenset(_other_threads()))
    """Threads that ran before: their doings are not the plugin's."""

    def see(self, event: str, arguments: tuple[object, ...]) -> None:
        if threading.get_ident() in self._strangers:
            return
        if event in LOOKS:
            self._looked(arguments[0])
        if event == "open":
            self._opened(*arguments)
        elif event == "os.kill" and arguments[1:] == (0,):
            pass  # asks whether there is such a process, and sends nothing
        elif event in CHANGES:
            self._wrote(arguments[0])
            if event in ("os.rename", "os.link", "os.symlink"):
                self._wrote(arguments[1])
        elif (into := self._list_of(event)) is not None:
            into.append(f"{event} {' '.join(map(str, arguments))}".strip()[:200])

    def _list_of(self, event: str) -> list[str] | None:
        kinds = ((PROGRAMS, self.programs), (SIGNALS, self.signals), (OWN_PROCESS, self.settings))
        return next((into for events, into in (*kinds, (QUESTIONS, self.questions)) if event in events), None)

    def _opened(self, path: object, mode: object = None, flags: object = 0, *_: object) -> None:
        if isinstance(flags, int) and flags & WRITING:
            self._wrote(path)

    def _looked(self, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike) and KERNEL.match(text := os.fsdecode(path)):
            self.read.append(text)

    def _wrote(self, path: object) -> None:
        if isinstance(path, int) or path is None:
            return
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
        if not NO_FILES.search(text):
            self.written.append(text)


class _Eye:
    is_open = False
    watch: Watch | None = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    watch = _Eye.watch
    if watch is not None:
        watch.see(event, arguments)


@contextmanager
def watching(watch: Watch | None = None) -> Iterator[Watch]:
    """Watch all that this thread and threads started within do; `watch`: one to go on with."""
    if not _Eye.is_open:
        _Eye.is_open = True
        sys.addaudithook(_audit)
    before = _Eye.watch
    _Eye.watch = found = watch or Watch()
    try:
        yield found
    finally:
        _Eye.watch = before


def _other_threads() -> Iterator[int]:
    own = threading.get_ident()
    return (thread.ident for thread in threading.enumerate() if thread.ident not in (None, own))
