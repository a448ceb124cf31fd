"""A plugin's thread that never ends does not hold the process; one that ends is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
import threading
import time

from wca_core import hookimpl, plugin


@plugin(api=1)
class Threaded:
    def __init__(self, seconds: float = 0.0, fails: bool = False) -> None:
        threading.Thread(target=self.work, args=(seconds,), name='endless').start()
        if fails:
            raise ValueError('made in vain')

    def work(self, seconds):
        time.sleep(seconds)
        print('worked', flush=True)

    @hookimpl
    def detect(self, snapshot):
        return []
"""


def checked(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    (folder / "threaded.py").write_text(PLUGIN)
    options = [option for one in overrides for option in ("--set", f"Threaded.{one}")]
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "check", "-r", "threaded:Threaded"]
    return subprocess.run(
        [*command, "--plugins", "local,Threaded", *options],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("fails", "code"), [("false", 0), ("true", 1)])
def test_a_thread_that_does_not_end_is_left_behind_with_its_name_and_the_exit_code(
    tmp_path: Path, fails: str, code: int
) -> None:
    done = checked(tmp_path, "seconds=3600", f"fails={fails}")

    assert done.returncode == code
    assert "not waited for: threads of plugins that do not end: endless" in done.stdout + done.stderr


def test_a_thread_that_ends_is_waited_for(tmp_path: Path) -> None:
    done = checked(tmp_path, "seconds=0.5")

    assert done.returncode == 0
    assert "worked" in done.stdout
    assert "not waited for" not in done.stdout + done.stderr
