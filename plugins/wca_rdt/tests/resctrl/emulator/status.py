"""`info/last_cmd_status`: what the kernel says of the last command, in one buffer for all users.

Most writes clear it first; a refused mkdir adds to what is there; a write without its newline leaves it alone.
"""

from typing import NoReturn


class Status:
    """The buffer; it is read as "ok" while it is empty."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def clear(self) -> None:
        self._lines.clear()

    def add(self, line: str) -> None:
        self._lines.append(f"{line}\n")

    def refuse(self, error: int, line: str | None = None) -> NoReturn:
        """Raises OSError with `error`, after `line` was added."""
        if line is not None:
            self.add(line)
        raise OSError(error, line or "")

    @property
    def text(self) -> str:
        return "".join(self._lines) or "ok\n"
