"""One examination, in a process of its own: a plugin that prints, exits, crashes or hangs costs only its own report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from wca_core.plugin_check.report import Report
from wca_core.plugin_check.targets import Target
from wca_core.testing import Verdict

LIMIT = 600.0
"""Seconds for one plugin: the checks bound themselves, an import does not."""
LEAVES = "It leaves the process as it is."
SHOWN = 2000
"""Characters of what a plugin printed that are told if it ended the process."""


def asked(target: Target, fields: Sequence[str], limit: float = LIMIT) -> Report:
    """Import a class and ask it everything. `fields`: `FIELD=VALUE` with YAML behind the `=`."""
    with tempfile.TemporaryDirectory(prefix="wca-plugin-check-") as folder:
        answer, printed = Path(folder, "answer"), Path(folder, "printed")
        order = {"target": asdict(target), "fields": list(fields), "path": sys.path, "answer": str(answer)}
        with printed.open("wb") as output:
            ended = _run(json.dumps(order), output.fileno(), limit)
        told = [json.loads(line) for line in answer.read_text().splitlines()] if answer.exists() else []
        text = printed.read_text(errors="replace")[-SHOWN:].strip()
    verdicts = [Verdict(**one["verdict"]) for one in told if "verdict" in one]
    if told and "misuse" in told[-1]:
        return Report(target.name, str(target), verdicts, told[-1]["misuse"])
    asking = next((one["asking"] for one in reversed(told) if "asking" in one), "loads")
    reason = ended + (f"; it printed:\n{text}" if text else "")
    return Report(target.name, str(target), [*verdicts, Verdict(asking, "broken", reason, LEAVES)])


def _run(order: str, output: int, limit: float) -> str:
    """How the process ended, in words."""
    command = [sys.executable, "-m", "wca_core.plugin_check.examination"]
    try:
        done = subprocess.run(command, input=order, text=True, stdout=output, stderr=output, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"it took longer than {limit:g} seconds altogether"
    if done.returncode < 0:
        return f"its process was ended by {signal.Signals(-done.returncode).name}"
    return f"it ended its process with status {done.returncode}"
