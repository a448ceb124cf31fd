"""The names of metrics as members of an enum, of both generations; a member is equal to its text."""

from __future__ import annotations

from enum import StrEnum

FIRST = {
    "INSTRUCTIONS": "instructions",
    "CYCLES": "cycles",
    "CACHE_MISSES": "cache_misses",
    "CACHE_REFERENCES": "cache_references",
    "CPU_USAGE_PER_CPU": "cpu_usage_per_cpu",
    "CPU_USAGE_PER_TASK": "cpu_usage_per_task",
    "MEM_BW": "memory_bandwidth",
    "LLC_OCCUPANCY": "llc_occupancy",
    "MEM_USAGE": "memory_usage",
    "MEMSTALL": "stalls_mem_load",
    "SCALING_FACTOR_AVG": "scaling_factor_avg",
    "SCALING_FACTOR_MAX": "scaling_factor_max",
}
"""Of the first generation, by member."""

TODAY = {
    "task": """
        instructions cycles cache_misses cache_references stalled_mem_loads
        offcore_requests_l3_miss_demand_data_rd offcore_requests_demand_data_rd offcore_requests_demand_rfo
        offcore_requests_outstanding_l3_miss_demand_data_rd mem_load_retired_local_pmm
        mem_load_retired_local_dram mem_load_retired_remote_dram mem_inst_retired_loads mem_inst_retired_stores
        dtlb_load_misses branch_instructions branch_misses bus_cycles stalled_cycles_frontend
        stalled_cycles_backend ref_cycles llc_loads llc_load_misses llc_stores llc_store_misses l1d_loads
        l1d_load_misses dtlb_loads dtlb_read_misses itlb_load_misses node_loads node_load_misses
        cpu_clock_seconds task_clock_seconds context_switches cpu_migrations page_faults page_faults_min
        page_faults_maj cgroup_switches scaling_factor_avg scaling_factor_max ips ipc cache_hit_ratio
        cache_misses_per_kilo_instructions branch_miss_ratio effective_frequency_hertz llc_occupancy_bytes
        mem_bandwidth_bytes mem_bandwidth_local_bytes mem_bandwidth_remote_bytes resctrl_core_energy_joules
        resctrl_activity cpu_usage_seconds cpu_user_seconds cpu_system_seconds cpu_periods cpu_throttled_periods
        cpu_throttled_seconds cpu_bursts cpu_burst_seconds cpu_limit_cpus mem_usage_bytes mem_max_usage_bytes
        mem_limit_bytes mem_soft_limit_bytes mem_low_bytes mem_min_bytes mem_numa_pages mem_numa_bytes
        mem_page_faults mem_major_page_faults mem_working_set_bytes mem_anon_bytes mem_file_bytes
        mem_kernel_bytes mem_stat mem_swap_usage_bytes mem_swap_limit_bytes mem_events io_read_bytes
        io_write_bytes io_discard_bytes io_reads io_writes io_discards pids pids_limit pressure_avg_percent
        pressure_stall_seconds wss_referenced_bytes working_set_size_bytes wss_measure_overhead_seconds
        sched_stat sched_stat_numa_faults processes threads requested_cpus requested_mem_bytes last_seen up
        subcontainers measurement_errors
    """,
    "platform": """
        mem_bandwidth_bytes llc_occupancy_bytes resctrl_num_rmids resctrl_mon_groups topology_cores
        topology_cpus topology_sockets topology_numa_nodes topology_cpus_offline dimm_count
        dimm_total_size_bytes mem_mode_size_bytes dimm_speed_bytes_per_second cpu_usage cpu_seconds
        mem_usage_bytes mem_total_bytes mem_available_bytes swap_total_bytes swap_usage_bytes
        mem_numa_free_bytes mem_numa_used_bytes mem_numa_total_bytes vmstat_numa_pages_migrated
        vmstat_pgmigrate_success vmstat_pgmigrate_fail vmstat_numa_hint_faults vmstat_numa_hint_faults_local
        vmstat_pgfaults vmstat node_vmstat zoneinfo pressure_avg_percent pressure_stall_seconds numa_distance
        numa_node_memory_tier numa_node_read_latency_seconds numa_node_read_bandwidth_bytes_per_second
        energy_joules cpu_frequency_hertz thermal_throttle_events thermal_throttle_seconds last_seen
        pmm_bandwidth_reads pmm_bandwidth_writes cas_count_reads cas_count_writes upi_rxl_flits upi_txl_flits
        rpq_occupancy rpq_inserts imc_clockticks rpq_read_latency_seconds pmm_reads_bytes_per_second
        pmm_writes_bytes_per_second pmm_total_bytes_per_second dram_reads_bytes_per_second
        dram_writes_bytes_per_second dram_total_bytes_per_second dram_hit_ratio upi_bandwidth_bytes_per_second
        dram_accesses scaling_uncore_factor uncore_pmu_info capacity_per_nvdimm_bytes avg_power_per_nvdimm_watts
        nvdimm_read_bandwidth_bytes_per_second nvdimm_write_bandwidth_bytes_per_second
    """,
    "wca": """
        up information tasks mem_usage_bytes mem_max_usage_bytes cpu_usage_seconds open_fds duration_seconds
        duration_seconds_avg iterations iteration_overruns warning_count error_count perf_fds
    """,
}
"""Of the catalogue of metrics: what stands behind the first word, and `_`."""


def _catalogue() -> list[str]:
    return [f"{first}_{rest}" for first, names in TODAY.items() for rest in names.split()]


_MEMBERS = FIRST | {name.upper(): name for name in _catalogue()}

MetricName = StrEnum("MetricName", _MEMBERS, module=__name__)  # type: ignore[misc]  # members that no checker knows
