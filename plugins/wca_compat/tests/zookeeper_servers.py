"""Servers of ZooKeeper on loopback: a real one, and a stand-in of a few lines for machines that have none.

The stand-in keeps nodes in a mapping and knows the requests create, exists, get, set, ping and close.
https://github.com/apache/zookeeper/blob/master/zookeeper-jute/src/main/resources/zookeeper.jute has their form.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

JARS = os.environ.get("WCA_ZOOKEEPER_JARS", "/usr/share/java")
"""Where the jars of ZooKeeper and of what it needs are."""
WANTED = ("zookeeper", "netty", "slf4j-api", "slf4j-simple", "metrics-core", "snappy", "commons", "jackson", "jute")

CREATE, EXISTS, GET, SET, PING, CLOSE = 1, 3, 4, 5, 11, -11
NO_NODE, NODE_EXISTS = -101, -110
STAT = bytes(68)
LARGEST = 1 << 20


def lacks() -> str | None:
    """Why there is no real server here; None if there is."""
    if shutil.which("java") is None:
        return "java is not installed"
    return None if glob.glob(f"{JARS}/zookeeper*.jar") else f"no ZooKeeper in {JARS} (WCA_ZOOKEEPER_JARS)"


@contextmanager
def real_server(folder: Path) -> Iterator[str]:
    """A ZooKeeper of its own, ended with the block."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "zoo.cfg"
    configuration.write_text(
        f"tickTime=500\ndataDir={folder}/data\nclientPort={port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
    )
    jars = [jar for name in WANTED for jar in glob.glob(f"{JARS}/{name}*.jar")]
    command = ["java", "-Xmx128m", "-cp", ":".join(jars), "org.apache.zookeeper.server.ZooKeeperServerMain"]
    process = subprocess.Popen([*command, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


class StandIn(ThreadingTCPServer):
    """The stand-in; `nodes` is what it keeps, `refusal` what it answers to everything if it is not 0."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.nodes: dict[str, bytes] = {"/": b""}
        self.refusal = 0
        self.sessions = 0
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are part of the tests

    def answer(self, kind: int, request: Request) -> tuple[int, bytes]:
        """Error and content."""
        if self.refusal and kind not in (PING, CLOSE):
            return self.refusal, b""
        if kind in (PING, CLOSE):
            return 0, b""
        path = request.text()
        if kind == CREATE:
            return self._create(path, request.buffer())
        if path not in self.nodes:
            return NO_NODE, b""
        if kind == SET:
            self.nodes[path] = request.buffer()
        return 0, (packed(self.nodes[path]) if kind == GET else b"") + STAT

    def _create(self, path: str, content: bytes) -> tuple[int, bytes]:
        if path in self.nodes:
            return NODE_EXISTS, b""
        if (path.rpartition("/")[0] or "/") not in self.nodes:
            return NO_NODE, b""
        self.nodes[path] = content
        return 0, packed(path.encode())


class Request:
    """What a client sent, read from its beginning on."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self) -> int:
        (found,) = struct.unpack_from(">i", self._content, self._at)
        self._at += 4
        return int(found)

    def buffer(self) -> bytes:
        length = max(0, self.number())
        self._at += length
        return self._content[self._at - length : self._at]

    def text(self) -> str:
        return self.buffer().decode()


class Session(StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        server: StandIn = self.server  # type: ignore[assignment]
        self._received()
        server.sessions += 1
        self._send(struct.pack(">iiq", 0, 10_000, 1) + packed(bytes(16)) + b"\0")
        kind = 0
        while kind != CLOSE:
            content = self._received()
            if content is None:
                return
            request = Request(content)
            xid, kind = request.number(), request.number()
            error, answer = server.answer(kind, request)
            self._send(struct.pack(">iqi", xid, 1, error) + answer)

    def _received(self) -> bytes | None:
        head = self.rfile.read(4)
        length = struct.unpack(">i", head)[0] if len(head) == 4 else LARGEST
        return self.rfile.read(length) if length < LARGEST else None  # and hang up, as a real one does

    def _send(self, content: bytes) -> None:
        self.wfile.write(packed(content))


@contextmanager
def stand_in(tls: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    server = StandIn(tls)
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def packed(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail(f"nobody listens on {port}")
