"""Sets all keys before they are asked for, so that reads find something."""

from __future__ import annotations

import socket

from wca_wrapper.load.mix import Mix
from wca_wrapper.load.protocols.contract import Answer, AnswerError
from wca_wrapper.load.target import Target


def fill(target: Target, mix: Mix, timeout: float) -> None:
    """One after another. Raises `OSError`, also for a server that does not take them."""
    with socket.create_connection((target.host, target.port), timeout) as connection:
        for key in range(mix.keys):
            connection.sendall(mix.dialogue.write(key, mix.value))
            try:
                is_set = _answered(connection, Answer(mix.dialogue.answer()))
            except AnswerError as error:
                raise OSError(str(error)) from error
            if not is_set:
                raise OSError(f"the server refused to set key {key} to {len(mix.value)} bytes")


def _answered(connection: socket.socket, answer: Answer) -> bool:
    while True:
        data = connection.recv(1 << 16)
        if not data:
            raise OSError("the server hung up")
        success = answer.feed(data)
        if success is not None:
            return success
