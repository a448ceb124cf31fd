"""Counters of the kernel's perf events: `perf` for each task, `uncore` for each socket."""
