"""Plain data that the hooks exchange: tasks, metrics and samples, snapshots, anomalies, allocations. No I/O."""
