"""What uncore PMUs measure, in words. All counts of memory are of lines of 64 bytes."""

from __future__ import annotations

from wca_core.model.metric import Metric, counter, gauge

LEVELS = ("socket", "pmu_type")
"""The socket of the CPU on which a PMU is read, and the PMU's number: this boot's, see `platform_uncore_pmu_info`."""


def counted(name: str, help: str) -> Metric:
    """A counter of each PMU."""
    return Metric(name, help, counter, levels=LEVELS)


def per_second(name: str, help: str) -> Metric:
    return Metric(name, help, gauge, unit="bytes_per_second", levels=LEVELS)


CAS_READS = counted("platform_cas_count_reads", "Lines of 64 bytes read from DRAM.")
CAS_WRITES = counted("platform_cas_count_writes", "Lines of 64 bytes written to DRAM.")
DRAM_ACCESSES = counted(
    "platform_dram_accesses", "Lines of 64 bytes read from or written to DRAM, where these cannot be told apart."
)
PMM_READS = counted("platform_pmm_bandwidth_reads", "Lines of 64 bytes read from persistent memory.")
PMM_WRITES = counted("platform_pmm_bandwidth_writes", "Lines of 64 bytes written to persistent memory.")
RPQ_OCCUPANCY = counted(
    "platform_rpq_occupancy",
    "Reads in the read pending queue of the memory controller, summed over its cycles.",
)
RPQ_INSERTS = counted("platform_rpq_inserts", "Reads that entered the read pending queue of the memory controller.")
CLOCKTICKS = counted("platform_imc_clockticks", "Cycles of the memory controller's clock.")
UPI_RXL_FLITS = counted(
    "platform_upi_rxl_flits", "Data flits received over a link between sockets; of UPI 9 are 64 bytes, of QPI 8."
)
UPI_TXL_FLITS = counted(
    "platform_upi_txl_flits", "Data flits sent over a link between sockets; of UPI 9 are 64 bytes, of QPI 8."
)

PREDEFINED = {
    metric.name: metric
    for metric in (
        *(CAS_READS, CAS_WRITES, DRAM_ACCESSES, PMM_READS, PMM_WRITES),
        *(RPQ_OCCUPANCY, RPQ_INSERTS, CLOCKTICKS, UPI_RXL_FLITS, UPI_TXL_FLITS),
    )
}
"""By name: the events that need no encoding in the configuration."""

DRAM_READ_BANDWIDTH = per_second("platform_dram_reads_bytes_per_second", "Bytes read from DRAM a second.")
DRAM_WRITE_BANDWIDTH = per_second("platform_dram_writes_bytes_per_second", "Bytes written to DRAM a second.")
DRAM_BANDWIDTH = per_second("platform_dram_total_bytes_per_second", "Bytes read from and written to DRAM a second.")
PMM_READ_BANDWIDTH = per_second("platform_pmm_reads_bytes_per_second", "Bytes read from persistent memory a second.")
PMM_WRITE_BANDWIDTH = per_second("platform_pmm_writes_bytes_per_second", "Bytes written to persistent memory a second.")
PMM_BANDWIDTH = per_second(
    "platform_pmm_total_bytes_per_second", "Bytes read from and written to persistent memory a second."
)
DRAM_HIT_RATIO = Metric(
    "platform_dram_hit_ratio",
    "Share of DRAM in the traffic of DRAM and persistent memory: in Memory Mode how often DRAM had what was wanted, "
    "in App Direct mode and with CXL memory only how traffic is shared out.",
    gauge,
    levels=LEVELS,
)
UPI_BANDWIDTH = per_second(
    "platform_upi_bandwidth_bytes_per_second",
    "Bytes received and sent a second at one end of a link between sockets; the sum over all sockets has each twice.",
)
RPQ_LATENCY = Metric(
    "platform_rpq_read_latency_seconds",
    "Mean time of a read in the read pending queue of the socket's memory controllers: not the whole way to the core.",
    gauge,
    unit="seconds",
    levels=("socket",),
)
DERIVED = (
    *(DRAM_READ_BANDWIDTH, DRAM_WRITE_BANDWIDTH, DRAM_BANDWIDTH),
    *(PMM_READ_BANDWIDTH, PMM_WRITE_BANDWIDTH, PMM_BANDWIDTH),
    *(DRAM_HIT_RATIO, UPI_BANDWIDTH, RPQ_LATENCY),
)

SCALING = Metric(
    "platform_scaling_uncore_factor",
    "By how much counts of this step were multiplied because a PMU had too few counters; 1 if not at all. "
    "With several sets of events the largest.",
    gauge,
    levels=LEVELS,
)
PMU_INFO = Metric(
    "platform_uncore_pmu_info",
    "1 for each uncore PMU that is read: its name belongs to its number, which another boot may change.",
    gauge,
    levels=("pmu_type", "pmu_name"),
)
OWN = (SCALING, PMU_INFO)
