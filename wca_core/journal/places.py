"""Where the journal is when the configuration does not say."""

from __future__ import annotations

import os


def default_journal_path() -> str:
    """Of the whole node for root, of the user for others."""
    return journal_path(os.geteuid(), os.environ.get("XDG_RUNTIME_DIR"))


def journal_path(uid: int, runtime_directory: str | None) -> str:
    """All these places are empty after a restart of the machine, as cgroups are."""
    if uid == 0:
        return "/run/wca/journal"
    if runtime_directory and os.path.isdir(runtime_directory):
        return f"{runtime_directory}/wca.journal"
    return f"/tmp/wca-{uid}.journal"
