"""What the project publishes in which package: to tell what to install."""

from __future__ import annotations

import os
from importlib import metadata
from traceback import extract_tb

KNOWN_PACKAGES = {
    "k8s": "wca-k8s",
    "KubernetesNode": "wca-k8s",
    "mesos": "wca-mesos",
    "MesosNode": "wca-mesos",
    "kafka": "wca-kafka",
    "KafkaStorage": "wca-kafka",
    "rdt": "wca-rdt",
    "Rdt": "wca-rdt",
    "perf": "wca-rdt",
    "Perf": "wca-rdt",
    "uncore": "wca-rdt",
    "Uncore": "wca-rdt",
    "record": "wca-record",
    "Recorder": "wca-record",
    "numa": "wca-numa",
    "NUMAAllocator": "wca-numa",
    "CgroupDriverType": "wca-k8s",
    "static-allocator": "wca-core",
    "StaticAllocator": "wca-core",
    "prometheus": "wca-core",
    "PrometheusStorage": "wca-core",
    "cgroup-control": "wca-core",
    "CgroupControl": "wca-core",
    **dict.fromkeys(("LocalDatabase", "ZookeeperDatabase", "EtcdDatabase"), "wca-compat"),
    **dict.fromkeys(("ResourceAllocator", "ContentionDetector", "DistriModel", "ModelDatabase"), "wca-contention"),
    **dict.fromkeys(("BuildRunnerProm", "BuildRunnerCSV"), "wca-contention"),
}
"""Names that the project publishes, or has published before, and the packages that have them."""

KNOWN_MODULES = {"wca": "wca-compat", "owca": "wca-compat"}
"""Modules that components written for the original WCA import, and the packages that have them."""

OLDER_METHODS = {"discover_tasks": "get_tasks", "detect": "detect", "allocate": "allocate", "store": "store"}
"""By hook: what the original WCA called instead."""

OLDER_ADVICE = "if it was written for the original WCA: pip install wca-compat"

KNOWN_COMMANDS = {
    "top": "wca-top",
    "wrap": "wca-wrapper",
    "wrapper": "wca-wrapper",
    **dict.fromkeys(("record", "recording", "replay"), "wca-record"),
}
"""Commands beside those of wca-core, and the packages that have them."""

CHANGED_BY = {"rdt": ("rdt", "wca-rdt"), "migrate_pages": ("numa", "wca-numa")}
"""Types of allocations that others than `cgroup-control` change: the plugins that do, and their packages."""


def module_advice(error: BaseException) -> str:
    """What to do about a module or name that could not be imported; empty if nothing is known of it."""
    name = (error.name or "") if isinstance(error, ImportError) else ""
    package = KNOWN_MODULES.get(name.partition(".")[0])
    if package is None:
        return ""
    if not is_installed(package):
        return f" (pip install {package})"
    return f" (not served by {package}, see its README: leave the import out, or bring that code along)"


def line_of(error: BaseException) -> str:
    """Where code of others raised while it was imported, as ` (FILE:LINE)`; empty if it did not get that far."""
    frames = [frame for frame in extract_tb(error.__traceback__) if not _is_between(frame.filename)]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def _is_between(file: str) -> bool:
    """Whether a file only takes an import on its way."""
    return file.startswith(("<", os.path.dirname(__file__))) or "importlib" in file or "stevedore" in file


def is_installed(package: str) -> bool:
    """Whether Python finds a package of this name."""
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
