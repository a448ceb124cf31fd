"""`cgroup-control`: what tasks may use, read from and written to the files of cgroups v1 and v2.

| module | knows |
|---|---|
| directories | where the cgroups of a task are for a controller |
| units | how amounts become what files hold on this machine |
| resource | what all kinds of resources have in common |
| bandwidth | cpu_quota and cpu_burst |
| shares, weights | cpu_shares and cpu_idle; shares as weights of v2 |
| idle_write | a write to the weight or to cpu.idle, which takes the weight along |
| cpusets | cpuset_cpus, cpuset_mems and cpuset_memory_migrate |
| memory | memory_high, memory_low and memory_min |
| weight_choice, qos | what pods that are there tell |
| task_files, in_force | what is in force, read once a step |
| control | the plugin |
"""
