"""What this machine must have before a virtual machine can be started on it, and how the harness speaks."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

PACKAGES = ("qemu-system-x86", "zstd")
INSTALL = f"apt-get update && apt-get install --no-install-recommends {' '.join(PACKAGES)}"
# Debian keeps virtiofsd out of PATH: qemu-system-common puts it here.
SEARCH_PATH = f"{os.defpath}:/usr/sbin:/sbin:{os.environ.get('PATH', '')}:/usr/lib/qemu"


class VirtualMachineError(Exception):
    """The guest could not be prepared, or ended without saying how its command ended."""


def say(text: str) -> None:
    """One line of progress, kept out of the guest's own output."""
    print(f"tests.vm: {text}", file=sys.stderr, flush=True)


def find_program(name: str) -> str:
    """The absolute path of `name`; raises VirtualMachineError saying what to install."""
    require_programs([name])
    return str(shutil.which(name, path=SEARCH_PATH))


def require_programs(names: Iterable[str]) -> None:
    """Raises VirtualMachineError naming every program that is missing, not only the first."""
    missing = [name for name in names if shutil.which(name, path=SEARCH_PATH) is None]
    if missing:
        raise VirtualMachineError(f"not installed: {', '.join(missing)} ({INSTALL})")


def require_host() -> None:
    """Raises VirtualMachineError when this machine's own / cannot be the guest's."""
    if platform.machine() != "x86_64":
        raise VirtualMachineError(f"the guest runs this machine's programs on x86_64; this is {platform.machine()}")
    if os.geteuid() != 0:
        raise VirtualMachineError("virtiofsd needs root to share / with the guest (run as root, or with sudo)")
    require_programs(["qemu-system-x86_64", "virtiofsd", "setpriv"])


def output_of(command: Sequence[str], advice: str, folder: Path | None = None) -> str:
    """Standard output of `command` run in `folder`; raises VirtualMachineError ending in `advice`."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip() or "nothing on standard error"
        raise VirtualMachineError(f"{shlex.join(command)} ended {done.returncode}: {said} ({advice})")
    return done.stdout
