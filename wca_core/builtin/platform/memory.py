"""How much memory and swap there is and is used: `/proc/meminfo`, and `meminfo` of each NUMA node."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from wca_core.builtin.platform.source import series_of
from wca_core.host import Host
from wca_core.linux.numa import node_path
from wca_core.linux.procfs import parse_meminfo
from wca_core.model.metric import Block, Metric, gauge
from wca_core.model.platform import Platform

MEM_USAGE = Metric(
    "platform_mem_usage_bytes",
    "Memory that is not free and no page cache or buffer; reclaimable slab counts as used.",
    gauge,
    unit="bytes",
)
MEM_TOTAL = Metric("platform_mem_total_bytes", "Memory that the kernel manages.", gauge, unit="bytes")
MEM_AVAILABLE = Metric(
    "platform_mem_available_bytes",
    "Memory to be had without swapping, as the kernel guesses.",
    gauge,
    unit="bytes",
)
SWAP_TOTAL = Metric("platform_swap_total_bytes", "Size of all swap.", gauge, unit="bytes")
SWAP_USAGE = Metric("platform_swap_usage_bytes", "Swap in use.", gauge, unit="bytes")
NODE_FREE = Metric(
    "platform_mem_numa_free_bytes", "Free memory of a NUMA node.", gauge, unit="bytes", levels=("numa_node",)
)
NODE_USED = Metric(
    "platform_mem_numa_used_bytes",
    "Memory of a NUMA node that is not free: here page cache counts as used.",
    gauge,
    unit="bytes",
    levels=("numa_node",),
)
NODE_TOTAL = Metric(
    "platform_mem_numa_total_bytes", "Memory of a NUMA node.", gauge, unit="bytes", levels=("numa_node",)
)

Sizes = Mapping[str, int]


def _usage(sizes: Sizes) -> int:
    return max(0, sizes["MemTotal"] - sizes["MemFree"] - sizes["Buffers"] - sizes["Cached"])


FIGURES: Mapping[Metric, Callable[[Sizes], int]] = {
    MEM_USAGE: _usage,
    MEM_TOTAL: lambda sizes: sizes["MemTotal"],
    MEM_AVAILABLE: lambda sizes: sizes["MemAvailable"],
    SWAP_TOTAL: lambda sizes: sizes["SwapTotal"],
    SWAP_USAGE: lambda sizes: sizes["SwapTotal"] - sizes["SwapFree"],
}
KEYS = ("MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree")
OF_NODES = {NODE_FREE: "MemFree", NODE_USED: "MemUsed", NODE_TOTAL: "MemTotal"}


def figures(sizes: Sizes) -> dict[Metric, int]:
    """What can be told of the machine's memory; a kernel without a size leaves out the metrics that need it."""
    found = {}
    for metric, value in FIGURES.items():
        with suppress(KeyError):
            found[metric] = value(sizes)
    return found


class Memory:
    """Memory and swap of the machine."""

    metrics = tuple(FIGURES)

    def paths(self, host: Host, platform: Platform) -> list[str]:
        return [f"{host.proc}/meminfo"]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        for metric, value in figures(parse_meminfo(texts[0], KEYS)).items():
            yield Block(series_of(metric), [value])


class NodeMemory:
    """Memory of each NUMA node."""

    metrics = tuple(OF_NODES)

    def __init__(self) -> None:
        self._nodes: list[int] = []

    def paths(self, host: Host, platform: Platform) -> list[str]:
        paths = {node: f"{node_path(host.sys, node)}/meminfo" for node in platform.node_cpus}
        found = {node: path for node, path in paths.items() if os.path.exists(path)}
        self._nodes = [*found]
        return [*found.values()]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        keys = tuple(OF_NODES.values())
        sizes = {node: parse_meminfo(text, keys) for node, text in zip(self._nodes, texts, strict=True)}
        for metric, key in OF_NODES.items():
            found = {node: of_node[key] for node, of_node in sizes.items() if key in of_node}
            yield Block(series_of(metric, tuple(found)), [*found.values()])
