// The quantities of a task: how they are named, written, compared and plotted.

import { bytes, bytesPerSecond, cpus, percent, plain } from "./words.js";

export const COLUMNS = [
  { key: "cpus", title: "CPU", unit: "CPUs", format: cpus, spark: true, hint: "CPUs used since the step before" },
  { key: "memory_bytes", title: "Memory", format: bytes, base: 1024, hint: "memory without inactive page cache" },
  { key: "limit_percent", title: "of limit", format: percent, top: 100, high: 90, minor: true, hint: "memory by its limit" },
  { key: "throttled_percent", title: "Throttled", format: percent, top: 100, high: 10, hint: "periods in which the CPU limit made it wait" },
  { key: "cpu_pressure", title: "CPU pressure", format: percent, top: 100, high: 20, minor: true, hint: "time in which some of it waited for a CPU" },
  { key: "memory_pressure", title: "Memory pressure", format: percent, top: 100, high: 5, minor: true, hint: "time in which some of it waited for memory" },
  { key: "io_pressure", title: "I/O pressure", format: percent, top: 100, high: 20, minor: true, hint: "time in which some of it waited for I/O" },
  { key: "cache_bytes", title: "Cache", format: bytes, base: 1024, minor: true, hint: "occupancy of the last-level cache" },
  { key: "memory_bandwidth", title: "Bandwidth", format: bytesPerSecond, base: 1024, minor: true, hint: "memory bandwidth" },
  { key: "instructions_per_cycle", title: "IPC", format: plain, minor: true, hint: "instructions per cycle" },
];

export const QUANTITIES = COLUMNS.map((column) => column.key);

/** A task as the agent sends it, with what follows from it. */
export function completed(task) {
  const limit = task.memory_limit_bytes;
  return {
    ...task,
    limit_percent: limit && task.memory_bytes !== null ? (100 * task.memory_bytes) / limit : null,
    throttled_percent: task.throttled_share === null ? null : 100 * task.throttled_share,
  };
}
