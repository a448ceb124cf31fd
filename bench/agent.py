"""`python -m bench.agent`: the agent with only these metrics, which a configuration file cannot say yet."""

from __future__ import annotations

import argparse

from wca_core.builtin.cgroup_metrics import CgroupMetrics
from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.static_node import StaticNode
from wca_core.host import Host
from wca_core.runners import Plan
from wca_core.selfmetrics import OwnMetrics
from wca_core.testing import whole_binding


def main() -> None:
    options = _parser().parse_args()
    plugins = (
        StaticNode(tasks=[], directory=options.directory),
        CgroupMetrics(metrics=options.metrics),
        OwnMetrics(),
        LogStorage(output_filename=options.output, overwrite=True),
    )
    Plan(bindings=tuple(map(whole_binding, plugins)), interval=options.interval).run(Host(), options.count)


def _parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m bench.agent", description=__doc__)
    words.add_argument("--directory", required=True, help="the cgroup whose children are the tasks")
    words.add_argument("--output", required=True, help="the file to overwrite")
    words.add_argument("--interval", type=float, default=1.0, help="seconds from step to step (1)")
    words.add_argument("--count", type=int, help="end after so many steps")
    words.add_argument("metrics", nargs="*", help="names or patterns of metrics")
    return words


if __name__ == "__main__":
    main()
