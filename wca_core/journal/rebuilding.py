"""From an entry of the journal to the write that made it, in another process perhaps."""

from __future__ import annotations

from dataclasses import replace

from wca_core.errors import PluginError
from wca_core.journal.entry import Entry
from wca_core.linux.files import is_gone
from wca_core.model.write import Write
from wca_core.write_kinds import Kinds


def rebuilt(entry: Entry, kinds: Kinds) -> Write | None:
    """The write of an entry; None if what it belonged to is gone.

    Raises `PluginError` if its kind is not installed, `ContractError` if its record makes no sense, `OSError`.
    """
    if entry.kind not in kinds:
        raise PluginError(
            f"nothing installed knows writes of kind {entry.kind!r}; installed: {', '.join(sorted(kinds))}; "
            "install the package again that made this one"
        )
    return kinds[entry.kind].from_record(entry.record)


def settled(entry: Entry, kinds: Kinds) -> Entry | None:
    """What an agent that starts knows of an entry of the one before it; None: nothing of ours is there.

    | the place | becomes |
    |---|---|
    | is gone | None |
    | holds what was there before us | None |
    | holds what we wrote last | no longer pending |
    | holds anything else, or cannot be asked | as it was |

    Whether anything else is somebody's is seen when it is written or restored: until then it may be an effect of
    another file of ours. `cpu.shares` reads 3 as long as `cpu.idle` is 1.
    """
    try:
        write = rebuilt(entry, kinds)
        if write is None:
            return None
        found = write.read()
        if found == entry.before:
            return None
        return replace(entry, last=found, is_pending=False) if entry.is_ours(found, write) else entry
    except OSError as error:
        return None if is_gone(error) else entry
    except Exception:  # noqa: BLE001  one plugin's write must not keep the agent from starting
        return entry
