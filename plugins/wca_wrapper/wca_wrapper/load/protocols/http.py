"""HTTP/1.1: GET on a connection that is kept (RFC 9112)."""

from __future__ import annotations

from wca_wrapper.load.protocols.contract import AnswerError, Steps, length
from wca_wrapper.load.target import Target

END = b"\r\n"


class Http:
    """Statuses from 400 on are errors. A body must have a length, or come in chunks."""

    can_write = False

    def __init__(self, target: Target) -> None:
        self._request = f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n\r\n".encode()

    def read(self, key: int) -> bytes:
        """Every key is the same page."""
        return self._request

    def write(self, key: int, value: bytes) -> bytes:
        raise NotImplementedError("this generator does not write by HTTP")

    def answer(self) -> Steps:
        status = _status((yield END)[:-2])
        fields: dict[bytes, bytes] = {}
        while line := (yield END)[:-2]:
            key, _, value = line.partition(b":")
            fields[key.lower()] = value.strip()
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            yield from _chunks()
        elif b"content-length" in fields:
            yield length(fields[b"content-length"])
        elif status not in (204, 304):
            raise AnswerError("neither Content-Length nor chunks: where the answer ends cannot be told")
        return status < 400


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not rest[:3].isdigit():
        raise AnswerError(f"an answer of HTTP/1.1 expected, got {line[:40]!r}")
    return int(rest[:3])


def _chunks() -> Steps:
    while True:
        digits = (yield END)[:-2].partition(b";")[0].strip()
        try:
            size = int(digits, 16) if len(digits) <= 8 else -1
        except ValueError:
            size = -1
        if size < 0:
            raise AnswerError(f"the length of a chunk expected, got {digits[:40]!r}")
        if size == 0:
            while (yield END) != END:
                pass
            return True
        yield size + len(END)
