"""Memcached: get and set as text (https://docs.memcached.org/protocols/basic)."""

from __future__ import annotations

from wca_wrapper.load.protocols.contract import AnswerError, Steps, length
from wca_wrapper.load.target import Target

END = b"\r\n"
REFUSALS = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR", b"NOT_STORED")


class Memcached:
    """A key that is not there is an answer too."""

    can_write = True

    def __init__(self, target: Target) -> None:
        del target  # whatever its path

    def read(self, key: int) -> bytes:
        return b"get wca:%d\r\n" % key

    def write(self, key: int, value: bytes) -> bytes:
        return b"set wca:%d 0 0 %d\r\n%b\r\n" % (key, len(value), value)

    def answer(self) -> Steps:
        line = (yield END)[:-2]
        words = line.split(b" ")
        if words[0] == b"VALUE" and len(words) in (4, 5):
            yield length(words[3]) + len(END)
            line = (yield END)[:-2]
            words = [b""]
        if line in (b"STORED", b"END"):
            return True
        if words[0] in REFUSALS:
            return False
        raise AnswerError(f"an answer of memcached expected, got {line[:40]!r}")
