"""The single steps of a write and of its undoing, each with the journal; no decision about other writes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from wca_core.audit import errno_name
from wca_core.errors import ContractError
from wca_core.journal import Journal
from wca_core.linux.files import is_gone
from wca_core.model.outcome import WriteFailure
from wca_core.model.shown import shown
from wca_core.model.write import Write, is_back
from wca_core.transaction.plan import type_of
from wca_core.transaction.reporting import Reports


@dataclass(slots=True)
class Begun:
    """A write that was perhaps made, and what is to be put back if the task fails."""

    write: Write
    old: bytes
    found: bytes | None = None
    """What was read afterwards; None: nothing could be."""
    type: str = ""
    """Of the allocation of a write that an earlier agent made, which does not know it any more."""


class Refused(Exception):  # noqa: N818  what happened
    """A write that failed, for a reason that is to be told."""

    def __init__(self, failure: WriteFailure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Gone(Exception):  # noqa: N818  what happened
    """What was to be written does not exist any more."""


class Steps:
    """Make and undo single writes. Their methods raise `Refused` and `Gone`."""

    def __init__(self, journal: Journal | None, reports: Reports) -> None:
        self._journal = journal
        self._reports = reports

    def look(self, write: Write) -> bytes:
        """What is there; nothing of what cannot be put back."""
        if not write.reversible:
            return b""
        try:
            return _read(write)
        except Exception as error:
            raise _failure(write, error, "cannot be read") from error

    def is_so(self, write: Write, old: bytes) -> bool:
        """Whether what is there is what is wanted; never of what cannot be put back: that is wanted again."""
        try:
            return write.reversible and bool(write.verify(old))
        except Exception as error:
            raise _failure(write, error, "cannot be compared") from error

    def remember(self, write: Write, old: bytes) -> None:
        """In the journal, before it is written: without that it could not be put back after a crash."""
        if self._journal is None or not write.reversible:
            return
        try:
            self._journal.remember(write, old)
        except Exception as error:
            raise _failure(write, error, f"not written, as {self._journal.path} cannot be") from error

    def make(self, begun: Begun) -> None:
        """Write, and look whether it is so."""
        write = begun.write
        started = monotonic()
        result = "ok"
        try:
            write.do()
            begun.found = _read(write)
            if not write.verify(begun.found):
                result = "verify"
                raise Refused(_another_effect(write, begun.found))
        except Refused:
            raise
        except Exception as error:
            result = _name(error)
            raise _failure(write, error, "refused") from error
        finally:
            before = begun.old if write.reversible else None
            self._reports.attempted(write, "do", (before, begun.found), result, monotonic() - started)
        self.note(write, begun.found)

    def undo(self, begun: Begun) -> None:
        """Put back what was there, if something else is."""
        write = begun.write
        try:
            begun.found = _read(write)
            if begun.found != begun.old:
                self._put_back(begun)
        except Refused:
            raise
        except Exception as error:
            raise _failure(write, error, "cannot be put back") from error
        self.note(write, begun.old)

    def tear(self, begun: Begun) -> None:
        """Keep in the journal what could not be put back."""
        if self._journal is not None:
            with suppress(OSError):
                self._journal.tore(begun.write, begun.old, begun.found)

    def _put_back(self, begun: Begun) -> None:
        """An error that came after the effect does not matter."""
        write, before = begun.write, begun.found
        started = monotonic()
        begun.found = None
        refusal: Exception | None = None
        if self._journal is not None:
            with suppress(OSError):
                self._journal.undoing(write, begun.old)
        try:
            write.undo(begun.old)
        except Exception as error:  # noqa: BLE001  a plugin's
            refusal = error
        seconds = monotonic() - started
        try:
            begun.found = _read(write)
        finally:
            is_put_back = begun.found is not None and is_back(write, begun.old, begun.found)
            result = "ok" if is_put_back else "verify" if refusal is None else _name(refusal)
            self._reports.attempted(write, "undo", (before, begun.found), result, seconds)
        if not is_put_back:
            raise refusal or Refused(_another_effect(write, begun.found))

    def note(self, write: Write, found: bytes) -> None:
        """What is there now. The journal does without: it can tell by the write whether what is there is ours."""
        if self._journal is not None and write.reversible:
            with suppress(OSError):
                self._journal.wrote(write, found)


def _read(write: Write) -> bytes:
    """Raises what the write raises, and `ContractError` if it gives no bytes."""
    found = write.read()
    if not isinstance(found, bytes):
        raise ContractError(f"bytes expected, found {shown(found)}")
    return found


def _failure(write: Write, error: Exception, what: str) -> Refused | Gone:
    if isinstance(error, OSError) and is_gone(error) and _is_gone(write):
        return Gone()
    reason = error.strerror or str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    return Refused(WriteFailure(type_of(write), write.place, _name(error), f"{what}: {reason}"))


def _is_gone(write: Write) -> bool:
    """A missing file of a cgroup that is there is a failure: its controller is not enabled."""
    try:
        write.record()
    except OSError:
        return True
    except Exception:  # noqa: BLE001  a plugin's, which says nothing about the cgroup
        return False
    return False


def _another_effect(write: Write, found: bytes) -> WriteFailure:
    shown = found.decode("latin-1").strip()
    return WriteFailure(type_of(write), write.place, "verify", f"taken, but then it held {shown!r:.80}")


def _name(error: Exception) -> str:
    return errno_name(error) if isinstance(error, OSError) else type(error).__name__
