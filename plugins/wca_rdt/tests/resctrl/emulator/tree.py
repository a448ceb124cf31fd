"""Folders and files in memory, each with an inode number of its own.

A file's text is made when it is read. A folder that was removed stays what it was for those who have it
open; what they read there is refused with ENODEV, as kernfs does, even when the name has been made again.
"""

import errno
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_numbers = itertools.count(1)


@dataclass(eq=False, slots=True)
class File:
    """`write` gets the text and the id of the thread that writes."""

    read: Callable[[], str]
    write: Callable[[str, int], None] | None = None
    is_live: bool = True
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def mode(self) -> int:
        return 0o644 if self.write else 0o444

    def content(self) -> bytes:
        """Raises OSError ENODEV when the folder is gone."""
        self.require_live()
        return self.read().encode()

    def require_live(self) -> None:
        if not self.is_live:
            raise OSError(errno.ENODEV, "the group is gone")


@dataclass(eq=False, slots=True)
class Folder:
    """`owner` is what the folder belongs to, and `role` which of its folders it is."""

    role: str
    owner: object = None
    parent: "Folder | None" = None
    children: "dict[str, Folder | File]" = field(default_factory=dict)
    is_live: bool = True
    rights: int = 0o755
    number: int = field(default_factory=lambda: next(_numbers))

    def folder(self, name: str, role: str, owner: object = None) -> "Folder":
        """A new folder in this one."""
        made = Folder(role, owner, self)
        self.children[name] = made
        return made

    def remove(self, name: str) -> None:
        """The folder `name` with everything in it."""
        for node in everything(self.children.pop(name)):
            node.is_live = False


def everything(node: Folder | File) -> Iterator[Folder | File]:
    """The node and all below it."""
    yield node
    if isinstance(node, Folder):
        for child in node.children.values():
            yield from everything(child)
