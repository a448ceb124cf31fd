"""Where the reference workloads stand."""

from pathlib import Path

WORKLOADS = Path(__file__).resolve().parent.parent / "workloads"
NAMES = sorted(path.parent.name for path in WORKLOADS.glob("*/run.sh"))
LATENCY_CRITICAL = ("memcached", "redis", "web")
BEST_EFFORT = tuple(name for name in NAMES if name not in LATENCY_CRITICAL)
