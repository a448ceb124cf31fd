"""A proxy in front of a broker: `BACKEND_PORT FOLDER EVERY`; prints its own port.

| argument | what |
|---|---|
| FOLDER | TLS that wants client certificates; `ca.pem`, `server.pem`, `server.key` are there |
| - as FOLDER | no TLS |
| EVERY, if not 0 | instead of each answer of this number the connection is closed: what was done is not told |

A broker tells clients where it is, so the port of the backend is replaced by that of the proxy in whatever it answers;
both have the same length there.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import sys
from contextlib import suppress
from itertools import count


def address(port: int) -> bytes:
    return b"127.0.0.1" + struct.pack(">i", port)


class Proxy:
    def __init__(self, backend_port: int, folder: str, every: int) -> None:
        self._backend_port = backend_port
        self._folder = folder
        self._every = every
        self._answers = count(1)
        self._port = 0

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context())
        self._port = server.sockets[0].getsockname()[1]
        print(self._port, flush=True)
        await server.serve_forever()

    def _context(self) -> ssl.SSLContext | None:
        if self._folder == "-":
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{self._folder}/ca.pem")
        context.load_cert_chain(f"{self._folder}/server.pem", f"{self._folder}/server.key")
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        backend, to_backend = await asyncio.open_connection("127.0.0.1", self._backend_port)
        await asyncio.gather(self._requests(client, to_backend), self._pass_answers(backend, to_client))

    async def _requests(self, client: asyncio.StreamReader, backend: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            while data := await client.read(1 << 16):
                backend.write(data)
                await backend.drain()
        backend.close()

    async def _pass_answers(self, backend: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """One frame after another, so that no address is torn apart."""
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            while True:
                head = await backend.readexactly(4)
                frame = await backend.readexactly(struct.unpack(">i", head)[0])
                if self._every and next(self._answers) % self._every == 0:
                    break
                client.write(head + frame.replace(address(self._backend_port), address(self._port)))
                await client.drain()
        client.close()


if __name__ == "__main__":
    asyncio.run(Proxy(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])).serve())
