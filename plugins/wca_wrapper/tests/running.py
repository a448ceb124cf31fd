"""`wca wrap` as a process: run to its end, or watched and sent signals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

PYTHON = sys.executable
WCA = (PYTHON, "-c", "from wca_core.cli import main; main()")


def wrap(*arguments: str, stdin: bytes | None = None, path: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """`path`: where more Python packages are."""
    search = os.pathsep.join([*([str(path)] if path else []), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [*WCA, "wrap", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        input=stdin,
        env={**os.environ, "PYTHONPATH": search},
    )


@contextmanager
def wrapping(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Left running in the block; ended with it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*WCA, "wrap", *arguments], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.terminate()  # so that the wrapper ends its application
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def program(text: str) -> tuple[str, ...]:
    """The words of a command that runs this Python."""
    return "--", PYTHON, "-u", "-c", textwrap.dedent(text)


def stored(file: Path) -> dict[str, float]:
    """Every sample of a text, by name and labels."""
    samples = [one for family in text_string_to_metric_families(file.read_text()) for one in family.samples]
    return {shown(one.name, one.labels): one.value for one in samples}


def shown(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name


def own(found: dict[str, float]) -> dict[str, float]:
    """Those of the wrapper itself, without what names it (and what the reader adds to counters), without the time."""
    prefix = "wca_wrapper_"
    of_wrapper = {name: value for name, value in found.items() if name.startswith(prefix) and "timestamp" not in name}
    return {re.sub(f"^{prefix}|_total$", "", name): value for name, value in of_wrapper.items()}
