"""Redis: GET and SET in its serialization protocol (https://redis.io/docs/latest/develop/reference/protocol-spec)."""

from __future__ import annotations

from wca_wrapper.load.protocols.contract import AnswerError, Steps, length
from wca_wrapper.load.target import Target

END = b"\r\n"


class Redis:
    """A key that is not there is an answer too."""

    can_write = True

    def __init__(self, target: Target) -> None:
        del target  # whatever its path

    def read(self, key: int) -> bytes:
        return command(b"GET", name(key))

    def write(self, key: int, value: bytes) -> bytes:
        return command(b"SET", name(key), value)

    def answer(self) -> Steps:
        line = (yield END)[:-2]
        kind, rest = line[:1], line[1:]
        if kind in (b"+", b":"):
            return True
        if kind == b"-":
            return False
        if kind != b"$":
            raise AnswerError(f"an answer of Redis expected, got {line[:40]!r}")
        if rest != b"-1":
            yield length(rest) + len(END)
        return True


def name(key: int) -> bytes:
    return b"wca:%d" % key


def command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
