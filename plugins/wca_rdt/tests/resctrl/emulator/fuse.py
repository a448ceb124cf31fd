"""A tree of folders and files, served at a folder of this machine by a thread of this process.

Root only: the mount is made by mount(2) with an open /dev/fuse, and ends when that is closed.
"""

import ctypes
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from plugins.wca_rdt.tests.resctrl.emulator import fuse_protocol as protocol
from plugins.wca_rdt.tests.resctrl.emulator.fuse_protocol import Request
from plugins.wca_rdt.tests.resctrl.emulator.tree import File, Folder

LARGEST_MESSAGE = 1 << 17
ABORT_AND_DETACH = 1 | 2  # MNT_FORCE: the server's read ends; MNT_DETACH: whoever has files open
LIBC = ctypes.CDLL(None, use_errno=True)
REFUSED = {
    protocol.CREATE: errno.EACCES,
    protocol.MKNOD: errno.EPERM,
    protocol.SYMLINK: errno.EPERM,
    protocol.LINK: errno.EPERM,
    protocol.UNLINK: errno.EPERM,
}
UNANSWERED = {protocol.FORGET, protocol.BATCH_FORGET, protocol.INTERRUPT}


class Served(Protocol):
    """What is served; refusals are OSErrors. One request at a time, under `lock`."""

    root: Folder
    lock: threading.RLock

    def mkdir(self, parent: Folder, name: str) -> None: ...
    def rmdir(self, parent: Folder, name: str) -> None: ...
    def rename(self, parent: Folder, name: str, new_parent: Folder, new_name: str) -> None: ...


class FuseMount:
    """Mounted from the beginning until `close`; raises OSError where it cannot be."""

    def __init__(self, path: Path, served: Served) -> None:
        self._path, self._served = path, served
        self._nodes: dict[int, Folder | File] = {protocol.ROOT_NODE: served.root}
        self._open: dict[int, tuple[File, bytes]] = {}
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other"
        if LIBC.mount(b"resctrl", bytes(path), b"fuse.resctrl", 0, options.encode()) < 0:
            os.close(self._device)
            raise OSError(ctypes.get_errno(), f"cannot mount at {path}")
        self._thread = threading.Thread(target=self._serve, name=f"resctrl at {path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unmounts, even under those who still have files open; a second time does nothing."""
        if self._device < 0:
            return
        LIBC.umount2(bytes(self._path), ABORT_AND_DETACH)
        self._thread.join()
        os.close(self._device)
        self._device = -1

    def _serve(self) -> None:
        while True:
            try:
                request = protocol.parse_request(os.read(self._device, LARGEST_MESSAGE))
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return
            if request.operation in UNANSWERED:
                continue
            self._answer(request)

    def _answer(self, request: Request) -> None:
        try:
            with self._served.lock:
                message = protocol.reply(request, self._body_of(request))
        except OSError as error:
            message = protocol.reply(request, error=error.errno or errno.EIO)
        try:
            os.write(self._device, message)
        except OSError as error:
            # The one who asked may have been killed meanwhile, or the mount is gone.
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EBADF):
                raise

    def _body_of(self, request: Request) -> bytes:
        if request.operation in REFUSED:
            raise OSError(REFUSED[request.operation], "not in resctrl")
        answers: dict[int, Callable[[Request], bytes]] = {
            protocol.INIT: lambda _: protocol.init_body(65536),
            protocol.LOOKUP: self._lookup,
            protocol.GETATTR: self._attributes,
            protocol.SETATTR: self._set_attributes,
            protocol.STATFS: lambda _: protocol.statfs_body(),
            protocol.OPEN: self._open_file,
            protocol.READ: self._read,
            protocol.WRITE: self._write,
            protocol.RELEASE: self._release,
            protocol.OPENDIR: lambda request: protocol.open_body(0),
            protocol.READDIR: self._list,
            protocol.RELEASEDIR: lambda _: b"",
            protocol.MKDIR: self._mkdir,
            protocol.RMDIR: self._rmdir,
            protocol.RENAME: self._rename,
            protocol.RENAME2: self._rename,
            protocol.DESTROY: lambda _: b"",
        }
        answer = answers.get(request.operation)
        if answer is None:
            raise OSError(errno.ENOSYS, f"operation {request.operation}")
        return answer(request)

    def _folder(self, number: int) -> Folder:
        node = self._nodes[number]
        assert isinstance(node, Folder)
        return node

    def _file(self, number: int) -> File:
        node = self._nodes[number]
        assert isinstance(node, File)
        return node

    def _entry(self, node: Folder | File) -> bytes:
        number = protocol.ROOT_NODE if node is self._served.root else node.number + protocol.ROOT_NODE
        self._nodes[number] = node
        return protocol.entry_body(number, mode_of(node))

    def _lookup(self, request: Request) -> bytes:
        folder = self._folder(request.node)
        child = folder.children.get(request.names[0])
        if child is None or not folder.is_live:
            raise OSError(errno.ENOENT, "no such name")
        return self._entry(child)

    def _attributes(self, request: Request) -> bytes:
        return protocol.attributes_body(request.node, mode_of(self._nodes[request.node]))

    def _set_attributes(self, request: Request) -> bytes:
        """Only the rights of folders are kept, as kernfs keeps them."""
        node, mode = self._nodes[request.node], protocol.parse_mode(request.body)
        if isinstance(node, Folder) and mode is not None:
            node.rights = mode & 0o7777
        return self._attributes(request)

    def _open_file(self, request: Request) -> bytes:
        file = self._file(request.node)
        flags = int.from_bytes(request.body[:4], "little")
        if flags & os.O_ACCMODE != os.O_RDONLY and file.write is None:
            raise OSError(errno.EACCES, "read-only for root too")
        file.require_live()
        self._open[request.unique] = (file, b"")
        return protocol.open_body(request.unique)

    def _read(self, request: Request) -> bytes:
        """The text is made anew by each read of its beginning, as seq_file does."""
        handle, offset, size = protocol.parse_transfer(request.body)
        file, content = self._open[handle]
        if offset == 0:
            content = file.content()
            self._open[handle] = (file, content)
        file.require_live()
        return content[offset : offset + size]

    def _write(self, request: Request) -> bytes:
        handle, _, size = protocol.parse_transfer(request.body)
        file, _ = self._open[handle]
        file.require_live()
        assert file.write is not None
        file.write(request.body[protocol.TRANSFER_SIZE :][:size].decode(errors="replace"), request.thread)
        return size.to_bytes(8, "little")

    def _release(self, request: Request) -> bytes:
        self._open.pop(int.from_bytes(request.body[:8], "little"), None)
        return b""

    def _list(self, request: Request) -> bytes:
        """As many entries as fit, from the one after `offset` on."""
        _, offset, size = protocol.parse_transfer(request.body)
        folder = self._folder(request.node)
        nodes = [(".", mode_of(folder)), ("..", mode_of(folder))]
        nodes += [(name, mode_of(child)) for name, child in folder.children.items()]
        listed = b""
        for index, (name, mode) in list(enumerate(nodes))[offset:]:
            entry = protocol.folder_entry(index + 1, index + 1, name, mode)
            if len(listed) + len(entry) > size:
                break
            listed += entry
        return listed

    def _mkdir(self, request: Request) -> bytes:
        folder, name = self._folder(request.node), request.body[8:].rstrip(b"\0").decode()
        self._served.mkdir(folder, name)
        return self._entry(folder.children[name])

    def _rmdir(self, request: Request) -> bytes:
        self._served.rmdir(self._folder(request.node), request.names[0])
        return b""

    def _rename(self, request: Request) -> bytes:
        start = 16 if request.operation == protocol.RENAME2 else 8
        name, new_name = (part.decode() for part in request.body[start:].split(b"\0")[:2])
        new_parent = self._folder(int.from_bytes(request.body[:8], "little"))
        self._served.rename(self._folder(request.node), name, new_parent, new_name)
        return b""


def mode_of(node: Folder | File) -> int:
    """The type and the rights, as in stat(2)."""
    return protocol.FILE | node.mode if isinstance(node, File) else protocol.FOLDER | node.rights
