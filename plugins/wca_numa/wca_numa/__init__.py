"""Keeps the CPUs and the memory of each task on one NUMA node.

| module | knows |
|---|---|
| `sight` | what a snapshot tells of nodes and tasks |
| `residency` | where a task is, and how much memory it has |
| `balance` | how much the tasks on each node have |
| `choose` | on which node a task belongs |
| `remigrate` | whose pages have to follow again |
| `decide` | what is done in one step |
| `migration` | moving pages, with a time budget for each step |
| `pages` | the system call |
| `allocator` | the plugin |
"""
