"""What the project publishes in which package: to tell what to install."""

from __future__ import annotations

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
    "numa": "wca-numa",
    "NUMAAllocator": "wca-numa",
    "CgroupDriverType": "wca-k8s",
    "static-allocator": "wca-core",
    "StaticAllocator": "wca-core",
    "prometheus": "wca-core",
    "PrometheusStorage": "wca-core",
    "cgroup-control": "wca-core",
    "CgroupControl": "wca-core",
    **dict.fromkeys(("LocalDatabase", "ZookeeperDatabase", "EtcdDatabase", "ModelDatabase"), "wca-contention"),
    **dict.fromkeys(("ResourceAllocator", "ContentionDetector", "DistriModel"), "wca-contention"),
    **dict.fromkeys(("BuildRunnerProm", "BuildRunnerCSV"), "wca-contention"),
}
"""Names that the project publishes, or has published before, and the packages that have them."""

KNOWN_COMMANDS = {"top": "wca-top", "wrap": "wca-wrapper", "wrapper": "wca-wrapper"}
"""Commands beside those of wca-core, and the packages that have them."""

CHANGED_BY = {"rdt": ("rdt", "wca-rdt"), "migrate_pages": ("numa", "wca-numa")}
"""Types of allocations that others than `cgroup-control` change: the plugins that do, and their packages."""
