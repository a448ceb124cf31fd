"""A Kafka cluster of librdkafka's own emulation as a process, with faults to order on standard input.

Prints `HOST:PORT,...` when it is ready, then `ok` behind each command:

| command | what |
|---|---|
| topic NAME PARTITIONS | make a topic; others come by themselves, with 4 partitions |
| down ID, up ID | a broker (the first is 1) refuses all, and answers again |
| latency ID MILLISECONDS | of each request |
| errors API CODE COUNT | answer the next requests of this kind (0: Produce, 22: InitProducerId) with this error |
| topic-error NAME CODE | in the metadata of a topic |
| quit | end |

Source: rdkafka_mock.h. The wheel of confluent-kafka exports its functions.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import confluent_kafka

POINTER, INT, INT32, INT16 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int32, ctypes.c_int16
TEXT, SIZE = ctypes.c_char_p, ctypes.c_size_t
PRODUCER = 0


class Emulation:
    """The cluster."""

    def __init__(self, brokers: int) -> None:
        folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
        self._library = ctypes.CDLL(str(next(folder.glob("librdkafka*.so*"))))
        error = ctypes.create_string_buffer(512)
        settings = self._function("conf_new", POINTER)()
        new = self._function("new", POINTER, INT, POINTER, TEXT, SIZE)
        self._handle = new(PRODUCER, settings, error, len(error))
        if not self._handle:
            raise RuntimeError(error.value.decode())
        self._cluster = self._function("mock_cluster_new", POINTER, POINTER, INT)(self._handle, brokers)

    @property
    def servers(self) -> str:
        found: bytes = self._function("mock_cluster_bootstraps", TEXT, POINTER)(self._cluster)
        return found.decode()

    def obey(self, command: str, *words: str) -> None:
        actions: dict[str, Callable[..., object]] = {
            "topic": self._topic,
            "down": lambda broker: self._of_broker("set_down", INT32(int(broker))),
            "up": lambda broker: self._of_broker("set_up", INT32(int(broker))),
            "latency": lambda broker, time: self._of_broker("set_rtt", INT32(int(broker)), INT(int(time))),
            "errors": self._errors,
            "topic-error": self._topic_error,
        }
        actions[command](*words)

    def end(self) -> None:
        self._function("mock_cluster_destroy", None, POINTER)(self._cluster)
        self._function("destroy", None, POINTER)(self._handle)

    def _topic(self, name: str, partitions: str) -> None:
        create = self._function("mock_topic_create", INT, POINTER, TEXT, INT, INT)
        create(self._cluster, name.encode(), int(partitions), 1)

    def _errors(self, api: str, code: str, count: str) -> None:
        number = int(count)
        push = self._function("mock_push_request_errors_array", None, POINTER, INT16, SIZE, ctypes.POINTER(INT))
        push(self._cluster, int(api), number, (INT * number)(*[int(code)] * number))

    def _topic_error(self, name: str, code: str) -> None:
        self._function("mock_topic_set_error", None, POINTER, TEXT, INT)(self._cluster, name.encode(), int(code))

    def _of_broker(self, action: str, *arguments: object) -> None:
        function = self._function(f"mock_broker_{action}", INT)
        function.argtypes = [POINTER, *map(type, arguments)]
        function(self._cluster, *arguments)

    def _function(self, name: str, result: object, *arguments: object) -> Any:
        function = getattr(self._library, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, list(arguments)
        return function


def commands() -> Iterator[list[str]]:
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        yield words


def main() -> None:
    emulation = Emulation(int(sys.argv[1]))
    print(emulation.servers, flush=True)
    for words in commands():
        emulation.obey(*words)
        print("ok", flush=True)
    emulation.end()


if __name__ == "__main__":
    main()
