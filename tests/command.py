"""The command `wca` as a process, run to its end."""

import os
import subprocess
import sys


def wca(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """With this Python, wherever its scripts are; `environment`: variables beside those of this process."""
    return subprocess.run(
        [sys.executable, "-c", "from wca_core.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
