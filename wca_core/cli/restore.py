"""`wca restore`: put back what an agent changed on this machine and left so.

| exit code | meaning |
|---|---|
| 0 | nothing of ours is left: restored, or gone, or somebody else's now |
| 1 | not tried: an agent runs, or the state file cannot be used |
| 3 | some places could not be restored; they stay in the state file. Or root left another user's state file alone |

Without `--state-file` those of other agents of this machine are looked for, see `wca_core.journal.beside`.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import LogLevel, prepared

if TYPE_CHECKING:
    from wca_core.journal import Restoration


def restore(
    state_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The agent's `restore_state_file`. None: those that agents use unasked."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each place.")] = False,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Restore although an agent with another state file may run on this host.")
    ] = False,
    log_level: LogLevel = None,
) -> None:
    """Put back what an agent changed on this machine, once it has ended: after a crash, before an uninstall.

    What somebody else has rewritten since is left as it is.
    """
    with redirect_stdout(sys.stderr), prepared(log_level or ["warning"], None):
        from wca_core.journal import default_journal_path
        from wca_core.journal.beside import journals_beside
        from wca_core.lock import default_lock_path, only_agent

        path = state_file or default_journal_path()
        trusted, left = ((), ()) if state_file else journals_beside(path)
        with ExitStack() as stack:
            if not no_lock:
                stack.enter_context(only_agent(default_lock_path(), "wca restore", advice="stop it first"))
            found = {one: _restored(one, dry_run) for one in (path, *trusted)}
    restorations = {one: restoration for one, restoration in found.items() if restoration is not None}
    if not restorations:
        typer.echo(f"nothing to restore: there is no {path}")
    failures = [_told(one, restoration, dry_run) for one, restoration in restorations.items()]
    for journal in left:
        typer.echo(str(journal), err=True)
    if any(failures) or (left and os.geteuid() == 0):
        raise typer.Exit(3)


def _told(path: str, restoration: Restoration, dry_run: bool) -> int:
    """The number of places that could not be restored."""
    for place in restoration.places:
        typer.echo(str(place))
    typer.echo(f"{'would be: ' if dry_run else ''}{restoration.summary}")
    if restoration.failures and not dry_run:
        typer.echo(f"what failed stays in {path}: mend the cause and call `wca restore` again", err=True)
    return len(restoration.failures)


def _restored(path: str, dry_run: bool) -> Restoration | None:
    """None: there is no such file. Raises `StartError`."""
    from wca_core.journal import Journal
    from wca_core.journal import restore as put_back
    from wca_core.linux.kernel import read_boot_id

    journal = Journal.look_into(path, read_boot_id("/proc"))
    if journal is None:
        return None
    restoration = put_back(journal, dry_run=dry_run)
    journal.close(keep=dry_run)
    return restoration
