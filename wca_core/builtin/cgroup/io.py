"""Readers of what a cgroup reads from and writes to block devices: `io.stat` of v2 and `blkio.throttle.*` of v1.

A device is listed from its first I/O on, in no lasting order, and not any more once it is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import add, lt
from typing import Self, TypeAlias

from wca_core.builtin.cgroup.source import Column, Remembering
from wca_core.linux.block_devices import BlockDevices
from wca_core.model.metric import Metric

Devices: TypeAlias = Mapping[str, Mapping[str, int]]
"""Numbers by device and key."""
Parts: TypeAlias = Sequence[tuple[Metric, str]]
"""Metrics with their keys."""


class IoSums(Remembering):
    """I/O of all devices together, which never falls; of those that stand on others, the others count.

    `is_recursive`: the file adds up the cgroups that are below at the moment, so it falls by what one that was removed
    had counted. What the others count until it is as high again is told, but a device that started from 0 meanwhile
    looks the same and is counted too low.
    """

    def __init__(
        self, parse: Callable[[bytes], Devices], parts: Parts, devices: BlockDevices, is_recursive: bool, text: bytes
    ) -> None:
        self._parse = parse
        self._is_recursive = is_recursive
        self._devices = devices
        told = told_by(parse(text), parts)
        self._keys = [key for _, key in told]
        self.columns: Sequence[Column] = [(metric, ()) for metric, _ in told]
        self._last: dict[str, list[int]] = {}
        self._left = [0] * len(self._keys)
        """What was counted on devices that are not listed any more or started from 0: it stays counted."""

    def read(self, text: bytes) -> list[int]:
        found = numbers_by_device(self._parse(text), self._keys)
        now = {device: numbers for device, numbers in found.items() if not self._devices.is_stacked(device)}
        for device, before in self._last.items():
            if device not in now:
                self._left = [*map(add, self._left, before)]
            elif any(map(lt, now[device], before)):
                lost = [*map(_less, before, now[device])] if self._is_recursive and any(now[device]) else before
                self._left = [*map(add, self._left, lost)]
        self._last = now
        return [*map(sum, zip(self._left, *now.values(), strict=True))]

    def go_on_from(self, before: Self) -> None:
        if before._keys == self._keys:
            self._last, self._left = before._last, before._left


class IoByDevice:
    """I/O of each device, also of one that stands on another."""

    def __init__(self, parse: Callable[[bytes], Devices], parts: Parts, text: bytes) -> None:
        self._parse = parse
        told = told_by(parse(text), parts)
        self._keys = [key for _, key in told]
        self._devices = sorted(numbers_by_device(parse(text), self._keys))
        self.columns: Sequence[Column] = [(metric, (device,)) for device in self._devices for metric, _ in told]

    def read(self, text: bytes) -> list[int]:
        found = numbers_by_device(self._parse(text), self._keys)
        if sorted(found) != self._devices:
            raise ValueError(f"now tells of the devices {sorted(found)}, before of {self._devices}")
        return [number for device in self._devices for number in found[device]]


def _less(one: int, other: int) -> int:
    return max(one - other, 0)


def told_by(devices: Devices, parts: Parts) -> Parts:
    """Those that the kernel tells: discards since Linux 4.19. All if no device had any I/O, for then they are 0."""
    keys = {key for numbers in devices.values() for key in numbers}
    return [part for part in parts if part[1] in keys] if keys else parts


def numbers_by_device(devices: Devices, keys: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of these keys; devices without any are left out. Raises `ValueError` if a device has only some."""
    try:
        return {device: [numbers[key] for key in keys] for device, numbers in devices.items() if numbers}
    except KeyError as error:
        raise ValueError(f"a device is listed without {error}") from error
