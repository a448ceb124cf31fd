"""What is said to a server and how its answers are read: one protocol a file, chosen by the scheme of the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wca_wrapper.load.protocols.contract import Dialogue
from wca_wrapper.load.protocols.http import Http
from wca_wrapper.load.protocols.memcached import Memcached
from wca_wrapper.load.protocols.redis import Redis
from wca_wrapper.load.target import Target

PROTOCOLS: Mapping[str, Callable[[Target], Dialogue]] = {"redis": Redis, "memcached": Memcached, "http": Http}

__all__ = ["PROTOCOLS", "Dialogue"]
