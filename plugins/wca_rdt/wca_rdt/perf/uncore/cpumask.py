"""On which CPUs a PMU is to be opened: its file `cpumask`, one CPU for each of its sockets, dies or caches.

The kernel names another CPU when one of them goes offline. Without the file it is the first CPU of each socket.
"""

from __future__ import annotations

from collections.abc import Mapping

from wca_core.errors import HostError
from wca_core.linux.cpulist import parse_cpulist
from wca_core.linux.files import FileSet, OpenFiles
from wca_rdt.perf.pmu import Pmu, devices


class Cpumask:
    """The file of one PMU, which is read in every step."""

    def __init__(self, pmu: Pmu, sys: str, open_files: OpenFiles) -> None:
        self._name = pmu.name
        self._path = f"{devices(sys)}/{pmu.name}/cpumask"
        self._exists = pmu.cpus is not None
        self._open_files = open_files
        self._files: FileSet | None = None

    def read(self) -> bytes:
        """The text; empty without the file. Raises `OSError`."""
        if not self._exists:
            return b""
        try:
            if self._files is None:
                self._files = FileSet(self._open_files, [self._path])
            return self._files.texts()[0]
        except OSError:
            self.close()  # of a driver that is loaded again the file is another one
            raise

    def cpus(self, text: bytes, sockets: Mapping[int, int]) -> list[int]:
        """Those named that are online. `sockets`: by online CPU. Raises `HostError` if none is."""
        try:
            mask = parse_cpulist(text.decode(errors="replace"))
        except ValueError as error:
            raise HostError(f"{self._path}: {error}") from error
        first_of_socket = {socket: cpu for cpu, socket in sorted(sockets.items(), reverse=True)}
        cpus = sorted(mask & sockets.keys() if self._exists else first_of_socket.values())
        if not cpus:
            raise HostError(f"{self._name}: none of the CPUs of its cpumask {sorted(mask)} is online")
        return cpus

    def close(self) -> None:
        """May be called twice, and read again."""
        if self._files is not None:
            self._files.close()
        self._files = None
