"""Plugins whose class or fields are not as they should be, each in one way."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from wca_core import Anomaly, Metric, Requirement, Snapshot, gauge, hookimpl, plugin


@dataclass(eq=False, kw_only=True)
class WithoutApi:
    @hookimpl
    def detect(self) -> Iterable[Anomaly]:
        return ()


@plugin(api=1)
class WithoutHook:
    """Nobody would ever call it."""


@plugin(api=1)
class WithUnknownHook(WithoutApi):
    @hookimpl
    def detects(self) -> Iterable[Anomaly]:
        return ()


@plugin(api=1)
class WithoutMark(WithoutApi):
    def stop(self) -> None: ...


@plugin(api=1)
class WithUnknownArgument:
    @hookimpl
    def detect(self, snapshots: Snapshot) -> Iterable[Anomaly]:
        return ()


@plugin(api=1)
class Asynchronous:
    @hookimpl
    async def detect(self, snapshot: Snapshot) -> None:
        await asyncio.sleep(0)


@plugin(api=1)
@dataclass(kw_only=True)
class Equal(WithoutApi):
    name: str = "one"


@plugin(api=1)
class LookingBackForEver(WithoutApi):
    looks_back: ClassVar[dict[str, float]] = {"task_cycles": -1.0}


@plugin(api=1)
class WithoutSignature(WithoutApi):
    __signature__ = "none"


@plugin(api=1)
class WithoutType(WithoutApi):
    def __init__(self, threshold=1.0) -> None:  # type: ignore[no-untyped-def]
        self.threshold = threshold


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class WithThreshold(WithoutApi):
    threshold: float = 1.0


@plugin(api=1)
class BusyInTheMaking(WithoutApi):
    def __init__(self) -> None:
        self.pipe = open(os.devnull, "wb")  # noqa: SIM115
        self.pipe.close()
        self.thread = threading.Thread(target=threading.Event().wait, args=(0.3,), name="busy")
        self.thread.start()


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class TakingAnything(WithoutApi):
    no_such_field: int = 0


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class OfAnyType(WithoutApi):
    threshold: Any = 1.0


@plugin(api=1)
class Speechless(WithoutApi):
    def __init__(self, needed: float | None = None) -> None:
        if needed is None:
            raise ValueError("something was not given")


ONE = Metric("broken_one", "One.", gauge)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class DescribingText(WithoutApi):
    @hookimpl
    def describe_metrics(self) -> list[str]:
        return ["broken_one"]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class DescribingTwice(WithoutApi):
    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [ONE, ONE]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class DescribingAnew(WithoutApi):
    asked: int = 0

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        self.asked += 1
        return [Metric(f"broken_{self.asked}", "Another each time.", gauge)]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class DescribingOtherwise(WithoutApi):
    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [Metric("task_cpu_usage_seconds", "A gauge, says this one.", gauge, unit="seconds")]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class NeedingWithoutCure(WithoutApi):
    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [Requirement(need="luck", is_met=lambda host: True, cure="")]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class NeedingPerhaps(WithoutApi):
    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [Requirement(need="luck", is_met=lambda host: "perhaps", cure="wait")]  # type: ignore[arg-type,return-value]
