"""The order of sets: Python throws dice for it when it starts, unless it is told not to.

A plugin that goes through a set of names would give another order in another process, so `wca replay` starts itself
again with a fixed seed. https://docs.python.org/3/using/cmdline.html#envvar-PYTHONHASHSEED
"""

from __future__ import annotations

import os
import random
import sys

SEED = "0"


def fix_chance() -> None:
    """Begin again with the fixed seed if this process has another one; and seed `random`."""
    if os.environ.get("PYTHONHASHSEED") != SEED and sys.orig_argv and sys.executable:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONHASHSEED": SEED})
    random.seed(0)
