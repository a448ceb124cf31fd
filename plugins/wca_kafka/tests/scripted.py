"""A link to no broker, which does what it is told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wca_kafka.link import Failure, FullError, RefusedError, Report
from wca_kafka.messages import Message


@dataclass
class ScriptedLink:
    """Takes, refuses and reports as it is told."""

    report: Report
    taken: deque[Message] = field(default_factory=deque)
    order: list[Message] = field(default_factory=list)
    mood: str = "takes"

    def produce(self, message: Message) -> None:
        if self.mood == "full":
            raise FullError
        if self.mood == "refuses":
            raise RefusedError(Failure("msg_size_too_large", "too large"))
        self.taken.append(message)
        self.order.append(message)

    def answer(self, failure: Failure | None) -> None:
        if self.taken:
            self.report(self.taken.popleft(), failure)

    def poll(self, seconds: float) -> None:
        """What there is to report is told by `answer`."""

    flush = poll

    def purge(self) -> None:
        while self.taken:
            self.answer(Failure("purge_queue", "purged"))

    def has_broken(self) -> bool:
        return self.mood == "broken"

    def renew_if_broken(self) -> None:
        """It stays as it is told."""

    renew = renew_if_broken
