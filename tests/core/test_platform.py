"""What the host says it is made of, on machines of many kinds."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms import CPU, MEMINFO, NODE, amd, arm, bare, two_sockets, with_far_memory, with_gaps
from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.model.anomaly import Anomaly
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.snapshot import Snapshot
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, run_step, running


@plugin(api=1)
class Onlooker:
    """A detector that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[Snapshot] = []

    @hookimpl
    def detect(self, snapshot: Snapshot) -> list[Anomaly]:
        self.seen.append(snapshot)
        return []


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_two_sockets_with_two_cpus_a_core(tmp_path: Path) -> None:
    platform = two_sockets(tmp_path).host().platform

    assert platform.topology == {0: {0: (0, 4), 1: (1, 5)}, 1: {0: (2, 6), 1: (3, 7)}}
    assert (platform.sockets, platform.cores, platform.cpus, platform.numa_nodes) == (2, 4, 8, 2)
    assert platform.smt_active
    assert platform.online_cpus == (0, 1, 2, 3, 4, 5, 6, 7)
    assert platform.node_cpus == {0: {0, 1, 4, 5}, 1: {2, 3, 6, 7}}
    assert platform.node_distances == {0: {0: 10, 1: 21}, 1: {0: 21, 1: 10}}
    assert platform.cpu_model == "Intel(R) Xeon(R) Gold 6240Y CPU @ 2.60GHz: rev 7"
    assert (platform.cpu_vendor, platform.cpu_family, platform.cpu_model_number) == ("GenuineIntel", 6, 85)
    assert (platform.cpu_stepping, platform.cpu_codename) == (7, CpuCodename.CASCADE_LAKE)
    assert (platform.arch, platform.swap_enabled, platform.timestamp) == ("x86_64", True, 1_700_000_000.0)
    assert not platform.cpu_kind
    assert not platform.offline_cpus


def test_where_a_cpu_is_and_who_is_beside_it(tmp_path: Path) -> None:
    platform = two_sockets(tmp_path).host().platform

    assert [platform.socket_of(cpu) for cpu in (0, 5, 2, 7)] == [0, 0, 1, 1]
    assert [platform.core_of(cpu) for cpu in (0, 4, 2)] == [(0, 0), (0, 0), (1, 0)]
    assert [platform.siblings(cpu) for cpu in (0, 4, 7)] == [(0, 4), (0, 4), (3, 7)]
    assert [platform.node_of(cpu) for cpu in (0, 5, 2, 7)] == [0, 0, 1, 1]
    assert platform.cpus_of_socket(1) == (2, 3, 6, 7)


def test_of_a_cpu_or_socket_that_is_not_there_nothing_is_known(tmp_path: Path) -> None:
    platform = with_gaps(tmp_path).host().platform

    assert (platform.socket_of(3), platform.core_of(3), platform.siblings(3)) == (None, None, ())
    assert (platform.node_of(99), platform.cpus_of_socket(7)) == (None, ())


def test_nodes_with_gaps_and_a_cpu_that_is_offline(tmp_path: Path) -> None:
    platform = with_gaps(tmp_path).host().platform

    assert platform.topology == {0: {0: (0,), 4: (1,), 8: (2,)}}
    assert platform.offline_cpus == {3}
    assert platform.node_cpus == {0: {0, 1}, 8: {2}}
    assert platform.node_distances[8] == {0: 40, 8: 10}
    assert not platform.smt_active


def test_a_node_without_cpus_is_far_memory(tmp_path: Path) -> None:
    platform = with_far_memory(tmp_path).host().platform

    assert platform.node_cpus == {0: {0, 1}, 1: frozenset()}
    assert platform.node_has_memory == {0, 1}
    assert platform.far_nodes == {1}
    assert platform.node_tiers == {0: 4, 1: 22}
    assert platform.numa_nodes == 2


def test_a_socket_of_several_dies_with_the_same_core_ids(tmp_path: Path) -> None:
    platform = amd(tmp_path).host().platform

    assert platform.topology == {0: {0: (0, 2), 1: (1, 3)}}
    assert (platform.cpu_codename, platform.cpu_model_number) == (CpuCodename.ZEN_4, 0x11)


def test_an_arm_has_the_name_of_its_maker_and_part(tmp_path: Path) -> None:
    machine = arm(tmp_path)
    platform = machine.host().platform

    assert platform.topology == {0: {0: (0,), 1: (1,), 256: (2,), 257: (3,)}}
    assert (platform.cpu_model, platform.cpu_codename) == ("ARM Neoverse N1", CpuCodename.NEOVERSE_N1)
    assert (platform.cpu_vendor, platform.cpu_model_number, platform.arch) == ("ARM", 0xD0C, "aarch64")


@pytest.mark.parametrize(("midr", "name"), [("0x410fd050", "ARM 0xd05"), ("0xc00fac30", "Ampere One")])
def test_other_arms_have_a_name_too(tmp_path: Path, midr: str, name: str) -> None:
    machine = arm(tmp_path).file(f"{CPU}/cpu0/regs/identification/midr_el1", midr)

    assert machine.host().platform.cpu_model == name


def test_a_machine_that_tells_nothing_is_one_socket_and_one_node(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    platform = bare(tmp_path).host().platform

    assert platform.topology == {0: {0: (0,), 1: (1,)}}
    assert platform.node_cpus == {0: {0, 1}}
    assert platform.node_has_memory == {0}
    assert (platform.cpu_model, platform.cpu_vendor, platform.cpu_codename) == ("unknown", "unknown", "unknown")
    assert not platform.swap_enabled
    assert "does not tell sockets and cores: one socket, each CPU a core" in caplog.text


@pytest.mark.parametrize(
    ("path", "text", "left_out"),
    [
        (f"{CPU}/cpu5/topology/core_id", "x", lambda platform: platform.cores == 8),
        (f"{CPU}/present", "x", lambda platform: not platform.offline_cpus),
        (f"{CPU}/cpu0/cpu_capacity", "x", lambda platform: not platform.cpu_kind),
        (f"{NODE}/online", "x", lambda platform: platform.node_cpus == {0: set(range(8))}),
        (f"{NODE}/node1/cpulist", "x", lambda platform: not platform.node_cpus),
        (f"{NODE}/node1/distance", "x", lambda platform: not platform.node_distances),
        (f"{NODE}/has_memory", "x", lambda platform: not platform.node_has_memory),
        ("/sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "x", lambda platform: not platform.node_tiers),
    ],
)
def test_a_part_that_makes_no_sense_is_left_out_and_told(
    tmp_path: Path,
    path: str,
    text: str,
    left_out: Callable[[object], bool],
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = two_sockets(tmp_path).file(path, text)

    platform = machine.host().platform

    assert left_out(platform)
    assert platform.cpus == 8
    assert f"{tmp_path}{path}" in caplog.text
    assert "it is left out" in caplog.text


def test_only_the_online_cpus_are_a_must(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"devices/system/cpu/online is missing: .*mount -t sysfs"):
        Machine(tmp_path).host().platform  # noqa: B018


def test_everybody_is_given_the_same_object_until_something_changes(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    host = machine.host()
    first = host.platform

    host.look_around()
    assert host.platform is first

    machine.file(f"{CPU}/online", "0-3\n")
    assert host.platform is first
    host.look_around()
    assert host.platform is not first
    assert host.platform.online_cpus == (0, 1, 2, 3)


def test_a_node_that_comes_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = two_sockets(tmp_path)
    host = machine.host()
    assert host.platform.numa_nodes == 2

    machine.file(f"{NODE}/online", "0-2\n")
    with caplog.at_level(logging.INFO):
        host.look_around()

    assert host.platform.numa_nodes == 3
    assert "CPUs or NUMA nodes came or went: now 2 sockets, 4 cores, 8 CPUs, 3 NUMA nodes" in caplog.text


def test_a_list_that_no_longer_makes_sense_leaves_everything_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = two_sockets(tmp_path)
    host = machine.host()
    first = host.platform

    machine.file(f"{CPU}/online", "")
    host.look_around()
    host.look_around()
    assert host.platform is first
    assert caplog.text.count("stays as it was") == 1

    machine.file(f"{CPU}/online", "0\n")
    host.look_around()
    assert host.platform.cpus == 1


def test_nobody_looks_before_somebody_asked(tmp_path: Path) -> None:
    host = Machine(tmp_path).host()

    host.look_around()


def test_plugins_have_a_place_for_what_they_know(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    host = machine.host()
    before = host.platform
    host.platform_parts["rdt"] = "16 classes of service"

    machine.file(f"{CPU}/online", "0-3\n")
    host.look_around()

    assert before.parts["rdt"] == host.platform.parts["rdt"] == "16 classes of service"


def test_a_detector_sees_the_platform_of_its_step(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    onlooker = Onlooker()
    with running(machine, [onlooker]) as agent:
        agent.step()
        machine.file(f"{CPU}/online", "0-3\n")
        agent.step()
        agent.step()

    platforms = [snapshot.platform for snapshot in onlooker.seen]
    assert [platform.cpus for platform in platforms if platform] == [8, 4, 4]
    assert platforms[1] is platforms[2]


def test_a_detector_on_a_machine_that_tells_no_cpus_sees_none(tmp_path: Path) -> None:
    onlooker = Onlooker()

    run_step(Machine(tmp_path), [onlooker])

    assert [snapshot.platform for snapshot in onlooker.seen] == [None]


def test_a_stopped_agent_leaves_no_file_open(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    run_step(machine, [Onlooker()])
    before = open_files()

    run_step(machine, [Onlooker()])

    assert open_files() == before


def test_the_real_machine_has_cpus() -> None:
    platform = Host().platform

    assert platform.cpus >= platform.cores >= platform.sockets >= 1


@pytest.mark.parametrize(("total", "enabled"), [("0", False), ("4", True)])
def test_swap_is_enabled_where_there_is_some(tmp_path: Path, total: str, enabled: bool) -> None:
    machine = two_sockets(tmp_path).file("/proc/meminfo", MEMINFO.replace("2000000", total))

    assert machine.host().platform.swap_enabled is enabled


def test_the_l3_cache_of_a_cpu_is_known_by_the_id_that_metrics_have(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    machine.files(f"{CPU}/cpu0/cache/index3", {"level": "3\n", "id": "7\n", "shared_cpu_list": "0-1\n"})

    platform = machine.host().platform

    assert (platform.l3_cpus, platform.l3_of(1), platform.l3_of(99)) == ({7: frozenset({0, 1})}, 7, None)


def test_a_cache_that_makes_no_sense_costs_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = two_sockets(tmp_path).file(f"{CPU}/cpu0/cache/index3/level", "three\n")

    platform = machine.host().platform

    assert (platform.l3_cpus, platform.sockets) == ({}, 2)
    assert "cache/index3/level: a number expected" in caplog.text
