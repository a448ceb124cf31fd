"""A virtual machine for the facts that need NUMA nodes and cgroup v2: `python -m tests.vm`."""
