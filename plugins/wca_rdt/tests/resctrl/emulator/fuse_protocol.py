"""The messages between the kernel and a file system in a process: include/uapi/linux/fuse.h, version 7.31.

Spoken directly, through /dev/fuse and mount(2): it needs neither libfuse nor fusermount, a server may be
a thread of the test, and the header tells which thread writes, which resctrl must know.
"""

import struct
from dataclasses import dataclass

VERSION = (7, 31)
ROOT_NODE = 1
DIRECT_IO = 1 << 0  # FOPEN_DIRECT_IO: every read and write comes to the server
NO_FLUSH = 1 << 5  # FOPEN_NOFLUSH: closing a file asks nobody
TRUNCATE_AT_OPEN = 1 << 3  # FUSE_ATOMIC_O_TRUNC
FOLDER, FILE = 0o040000, 0o100000

LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
SYMLINK, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK = 6, 8, 9, 10, 11, 12, 13
OPEN, READ, WRITE, STATFS, RELEASE = 14, 15, 16, 17, 18
INIT, OPENDIR, READDIR, RELEASEDIR = 26, 27, 28, 29
CREATE, INTERRUPT, DESTROY, BATCH_FORGET, RENAME2 = 35, 36, 38, 42, 45

HEADER_IN = struct.Struct("<IIQQIIII")
HEADER_OUT = struct.Struct("<IiQ")
TRANSFER = struct.Struct("<QQI")  # handle, offset, size: the beginning of read_in and write_in
TRANSFER_SIZE = 40
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")


@dataclass(frozen=True, slots=True)
class Request:
    """One message of the kernel; `thread` is the id of who caused it."""

    operation: int
    unique: int
    node: int
    thread: int
    body: bytes

    @property
    def names(self) -> list[str]:
        """The texts of a body that has nothing else."""
        return [name.decode() for name in self.body.split(b"\0")[:-1]]


def parse_request(message: bytes) -> Request:
    _, operation, unique, node, _, _, thread, _ = HEADER_IN.unpack_from(message)
    return Request(operation, unique, node, thread, message[HEADER_IN.size :])


def parse_transfer(body: bytes) -> tuple[int, int, int]:
    """(handle, offset, size) of a read or a write."""
    handle, offset, size = TRANSFER.unpack_from(body)
    return handle, offset, size


def parse_mode(body: bytes) -> int | None:
    """The mode that fuse_setattr_in asks for; None if it asks for none (FATTR_MODE)."""
    valid, mode = struct.unpack_from("<I64xI", body)
    return mode if valid & 1 else None


def reply(request: Request, body: bytes = b"", error: int = 0) -> bytes:
    """The answer to `request`; `error` is an errno, and goes without a body."""
    return HEADER_OUT.pack(HEADER_OUT.size + len(body), -error, request.unique) + body


def init_body(read_ahead: int) -> bytes:
    """What the server can do; 64 bytes."""
    return struct.pack("<IIIIHHIIHHI28x", *VERSION, read_ahead, TRUNCATE_AT_OPEN, 16, 12, 65536, 1, 0, 0, 0)


def attributes(number: int, mode: int) -> bytes:
    """fuse_attr of an empty file or folder of root's."""
    return ATTRIBUTES.pack(number, 0, 0, 0, 0, 0, 0, 0, 0, mode, 2 if mode & FOLDER else 1, 0, 0, 0, 4096, 0)


def entry_body(number: int, mode: int) -> bytes:
    """fuse_entry_out: nothing may be cached."""
    return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + attributes(number, mode)


def attributes_body(number: int, mode: int) -> bytes:
    """fuse_attr_out: nothing may be cached."""
    return struct.pack("<QII", 0, 0, 0) + attributes(number, mode)


def open_body(handle: int) -> bytes:
    return struct.pack("<QII", handle, DIRECT_IO | NO_FLUSH, 0)


def statfs_body() -> bytes:
    return struct.pack("<QQQQQIIII24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)


def folder_entry(number: int, offset: int, name: str, mode: int) -> bytes:
    """fuse_dirent, up to a multiple of eight; `offset` is where the next one is."""
    encoded = name.encode()
    entry = struct.pack("<QQII", number, offset, len(encoded), mode >> 12) + encoded
    return entry + bytes(-len(entry) % 8)
