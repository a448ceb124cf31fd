"""`python -m bench fixed`: the CPU time of a step without tasks beside that of one scrape of node_exporter.

Both read what the kernel tells of the machine and make text of it, five times a second; node_exporter is asked by this
process, which also counts for neither.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.cgroups import cgroups
from bench.errors import BenchError
from bench.paced import PATIENCE, Pace, cpu_seconds, measure
from bench.programs import Files, agent
from bench.table import show, spread

INTERVAL = 0.2
WARM_UP = 5
EXPORTER = ("prometheus-node-exporter", "node_exporter")


def fixed(rounds: int, steps: int) -> None:
    """Measure by turns and print. Raises `BenchError` without node_exporter."""
    ours, theirs = [], []
    with cgroups([0]) as parents, tempfile.TemporaryDirectory(dir="/dev/shm") as folder, _exporter() as exporter:
        program = agent(Path(folder), parents[0], INTERVAL, Files.DEFAULT)
        for _ in range(rounds):
            ours.append(measure(program, Pace(steps, WARM_UP, INTERVAL)).milliseconds)
            theirs.append(exporter.milliseconds(steps))
    ratios = [own / of for own, of in zip(ours, theirs, strict=True)]
    show(("a step, ms", "a scrape, ms", "ratio"), [[spread(ours, 2), spread(theirs, 2), spread(ratios, 2)]])


class _Exporter:
    """A running node_exporter."""

    def __init__(self, pid: int, url: str) -> None:
        self._pid = pid
        self._url = url

    def scrape(self) -> None:
        with urllib.request.urlopen(self._url, timeout=10) as answer:
            answer.read()

    def milliseconds(self, scrapes: int) -> float:
        """CPU time of a scrape: the median."""
        for _ in range(WARM_UP):
            self.scrape()
        used = []
        for _ in range(scrapes):
            before = cpu_seconds(self._pid)
            self.scrape()
            time.sleep(INTERVAL)  # what it does behind the answer counts too
            used.append(cpu_seconds(self._pid) - before)
        return median(used) * 1e3


@contextmanager
def _exporter() -> Iterator[_Exporter]:
    command = next(filter(None, map(shutil.which, EXPORTER)), None)
    if command is None:
        raise BenchError("node_exporter is not installed (apt-get install prometheus-node-exporter)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen([command, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL)
    try:
        exporter = _Exporter(process.pid, f"http://{address}/metrics")
        _wait_for(exporter)
        yield exporter
    finally:
        process.kill()
        process.wait()


def _wait_for(exporter: _Exporter) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return exporter.scrape()
        except OSError as error:
            if time.monotonic() > give_up:
                raise BenchError(f"node_exporter does not answer: {error}") from error
            time.sleep(0.05)
