"""What of the machine is ours: what was there before our first write of a place, and what we wrote there last.

| a place that we wrote | when we write it again, what was there before us is |
|---|---|
| still holds what we wrote last | as remembered |
| holds something else | that: somebody took it back, and it was theirs until now |

A step that writes nothing costs nothing here; a write costs two lines appended to a file. The lines are gathered
into a new file when there are more than twice as many as places, and those whose cgroup is gone are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from wca_core.errors import ContractError, StartError
from wca_core.journal.entry import Entry, Key, entry_line, forget_line, head_line, key_of, parse_head, parse_line
from wca_core.journal.line_file import LineFile
from wca_core.journal.rebuilding import rebuilt, settled
from wca_core.model.write import Write
from wca_core.write_kinds import InstalledKinds, Kinds

log = logging.getLogger("wca.journal")

ROOM = 1000
"""Lines that may be in a file beyond two for each place."""


class Journal:
    """One journal, held against every other process. See `open` and `look_into`."""

    def __init__(self, file: LineFile, boot_id: str, kinds: Kinds) -> None:
        self.boot_id = boot_id
        self.kinds = kinds
        self._file = file
        self._entries: dict[Key, Entry] = {}
        self._keys: dict[str, Key] = {}
        """The key that a place was last remembered by."""
        self._begun: dict[Key, tuple[bytes, Entry | None]] = {}
        """Of writes that were begun: what was there, and what was known of it."""
        self._lines = 0
        self._most_lines = ROOM

    @classmethod
    def open(cls, path: str, boot_id: str, kinds: Kinds | None = None) -> Journal:
        """The journal of an agent that starts: what another one left is its own now.

        Raises `StartError` if it cannot be used; one that cannot be read is put aside under another name first.
        """
        try:
            journal = cls(LineFile(path), boot_id, InstalledKinds() if kinds is None else kinds)
        except OSError as error:
            raise StartError(_why_not(path, error)) from error
        try:
            journal._read()
            journal._adopt()
        except ContractError as error:
            raise StartError(f"{error}; {journal._put_aside()}") from error
        except OSError as error:
            journal._file.close()
            raise StartError(_why_not(path, error)) from error
        return journal

    @classmethod
    def look_into(cls, path: str, boot_id: str, kinds: Kinds | None = None) -> Journal | None:
        """The journal that an agent left, as it is; None if there is none. Raises `StartError`."""
        try:
            journal = cls(LineFile(path, is_made=False), boot_id, InstalledKinds() if kinds is None else kinds)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StartError(_why_not(path, error)) from error
        try:
            journal._read()
        except ContractError as error:
            journal._file.close()
            raise StartError(f"{error}; remove or mend that line, then give --state-file {path}") from error
        return journal

    @property
    def path(self) -> str:
        return self._file.path

    @property
    def entries(self) -> Mapping[Key, Entry]:
        """What is ours, in the order of our first writes."""
        return MappingProxyType(self._entries)

    def remember(self, write: Write, old: bytes) -> None:
        """Before a write: what is there, as long as that is not ours. Raises `OSError`; then do not write."""
        record = write.record()
        key = key_of(write, record)
        known = self._entries.get(key)
        is_ours = known is not None and known.is_ours(old, self._rebuilt(known) if known.is_pending else None)
        change = write.change
        entry = Entry(
            key=key,
            kind=write.kind,
            record=record,
            before=known.before if known is not None and is_ours else old,
            last=known.last if known is not None and is_ours else None,
            torn=known.torn if known is not None and is_ours else None,
            task_id=change.task.task_id if change is not None else "",
            type=change.wanted.type.value if change is not None else "",
        )
        self._append(entry_line(entry))
        self._keys[write.place] = key  # not before: appending may gather, which forgets keys without an entry
        self._entries[key] = entry
        self._begun[key] = old, known

    def wrote(self, write: Write, found: bytes) -> None:
        """After a write or its undoing: what is there now, by us. Raises `OSError`; nothing is lost by that."""
        key = self._keys.get(write.place)
        if key is None:
            return
        old, known = self._begun.pop(key, (None, None))
        entry = self._entries.get(key)
        if entry is None:  # gone meanwhile
            return
        if found == old:  # nothing came of it
            entry = known
        elif found == entry.before:
            entry = None
        else:
            entry = replace(entry, last=found, is_pending=False, torn=None)
        if entry is None:
            self.forget(key)
        else:
            self._entries[key] = entry
            self._append(entry_line(entry))

    def undoing(self, write: Write, old: bytes) -> None:
        """Before an undoing: what it puts back is ours too, should the process end before `wrote`.

        Raises `OSError`; undo all the same.
        """
        key = self._keys.get(write.place)
        entry = None if key is None else self._entries.get(key)
        if key is not None and entry is not None and old != entry.before:
            self._entries[key] = replace(entry, torn=old)
            self._append(entry_line(self._entries[key]))

    def tore(self, write: Write, old: bytes, found: bytes | None) -> None:
        """After an undoing that was refused: what it would have put back, and what is there; None: nobody knows.

        Raises `OSError`; then only this process knows.
        """
        key = self._keys.get(write.place)
        entry = None if key is None else self._entries.get(key)
        if key is not None and entry is not None:
            self._begun.pop(key, None)
            known = replace(entry, last=found, is_pending=False) if found is not None else entry
            self._entries[key] = replace(known, torn=old)
            self._append(entry_line(self._entries[key]))

    def forget(self, key: Key) -> None:
        """Nothing of ours is there any more. Raises `OSError`; then only the file still knows of it."""
        if self._entries.pop(key, None) is not None:
            self._append(forget_line(key))

    def torn(self) -> list[tuple[Entry, Write]]:
        """The places that an undoing was refused for, and that can still be asked."""
        found = ((entry, self._rebuilt(entry)) for entry in self._entries.values() if entry.torn is not None)
        pairs = [(entry, write) for entry, write in found if write is not None]
        self._keys.update((write.place, entry.key) for entry, write in pairs)
        return pairs

    def close(self, *, keep: bool = False) -> None:
        """Let go of the file, which is removed if nothing is ours any more; with `keep` it stays in any case."""
        if self._entries or keep:
            self._file.close()
        else:
            self._file.remove()

    def _read(self) -> None:
        """Raises `ContractError` that names the line."""
        lines = self._file.lines()
        for number, line in enumerate(lines, 1):
            try:
                if number == 1:
                    boot_id = parse_head(line)
                else:
                    self._take(parse_line(line))
            except ContractError as error:
                raise ContractError(f"{self.path}:{number}: {error}") from error
        self._lines = len(lines)
        if lines and boot_id != self.boot_id:
            log.info("%s is of before the machine started: nothing in it is in force any more", self.path)
            self._entries.clear()

    def _take(self, found: Entry | Key) -> None:
        if isinstance(found, Entry):
            self._entries[found.key] = found
        else:
            self._entries.pop(found, None)

    def _adopt(self) -> None:
        inherited = len(self._entries)
        entries = ((key, settled(entry, self.kinds)) for key, entry in self._entries.items())
        self._entries = {key: entry for key, entry in entries if entry is not None}
        self._gather()
        if inherited:
            log.info("%s: %d of %d values of an earlier agent are in force", self.path, len(self._entries), inherited)

    def _append(self, line: bytes) -> None:
        if not self._file.is_there:
            self._gather()
            log.warning("%s was removed while the agent runs, and is written anew", self.path)
        if self._lines >= self._most_lines:
            self._drop_gone()
            with suppress(OSError):  # what follows is told if it cannot be written either
                self._gather()
        self._file.append(line)
        self._lines += 1

    def _gather(self) -> None:
        """Each place in one line of a new file. Raises `OSError`."""
        self._most_lines = 2 * len(self._entries) + ROOM
        self._file.rewrite([head_line(self.boot_id), *map(entry_line, self._entries.values())])
        self._lines = 1 + len(self._entries)

    def _drop_gone(self) -> None:
        self._entries = {key: entry for key, entry in self._entries.items() if not self._is_gone(entry)}
        self._keys = {place: key for place, key in self._keys.items() if key in self._entries}
        self._begun = {key: begun for key, begun in self._begun.items() if key in self._entries}

    def _rebuilt(self, entry: Entry) -> Write | None:
        with suppress(Exception):  # a plugin's
            return rebuilt(entry, self.kinds)
        return None

    def _is_gone(self, entry: Entry) -> bool:
        with suppress(Exception):
            return rebuilt(entry, self.kinds) is None
        return False

    def _put_aside(self) -> str:
        try:
            aside = self._file.set_aside()
        except OSError as error:
            self._file.close()
            return f"it cannot be put aside: {error.strerror}; move it away by hand"
        return (
            f"it is kept as {aside}: remove or mend that line and `wca restore --state-file {aside}` puts back what "
            "was there before; the agent can be started without it"
        )


def _why_not(path: str, error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return f"journal {path}: another agent or `wca restore` uses it; stop that, or name another restore_state_file"
    return f"journal {path} cannot be used: {error.strerror}; name another as restore_state_file"
