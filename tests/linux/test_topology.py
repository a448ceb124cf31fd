"""How CPUs are put together: places in, sockets and cores out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import HostError
from wca_core.linux.topology import CpuPlace, arranged, read_kinds, read_l3_cpus, read_offline, read_online
from wca_core.testing import Machine

CPUS = "/sys/devices/system/cpu"


def place(cpu: int, package: int, core_id: int, *siblings: int) -> CpuPlace:
    return CpuPlace(cpu=cpu, package=package, core_id=core_id, siblings=frozenset(siblings))


def test_cpus_with_the_same_siblings_are_one_core() -> None:
    places = [place(0, 0, 3, 0, 2), place(2, 0, 3, 0, 2), place(1, 0, 5, 1, 3), place(3, 0, 5, 1, 3)]

    assert arranged(places) == {0: {3: (0, 2), 5: (1, 3)}}


def test_sockets_may_use_the_same_core_ids() -> None:
    assert arranged([place(0, 0, 0, 0), place(1, 1, 0, 1)]) == {0: {0: (0,)}, 1: {0: (1,)}}


def test_a_socket_whose_dies_use_the_same_core_ids_numbers_cores_by_their_first_cpu() -> None:
    places = [place(0, 0, 0, 0, 4), place(4, 0, 0, 0, 4), place(1, 0, 0, 1, 5), place(5, 0, 0, 1, 5), place(6, 0, 4, 6)]

    assert arranged(places) == {0: {0: (0, 4), 1: (1, 5), 6: (6,)}}


def test_an_unknown_package_is_0() -> None:
    assert arranged([place(0, -1, 0, 0), place(1, -1, 1, 1)]) == {0: {0: (0,), 1: (1,)}}


def test_cpus_of_which_nothing_is_known_are_a_core_each() -> None:
    assert arranged([CpuPlace(cpu=4), CpuPlace(cpu=2)]) == {0: {2: (2,), 4: (4,)}}


@given(
    st.dictionaries(st.integers(0, 30), st.tuples(st.integers(-1, 3), st.integers(-1, 3), st.sets(st.integers(0, 30))))
)
def test_every_cpu_is_in_exactly_one_core(cpus: dict[int, tuple[int, int, set[int]]]) -> None:
    topology = arranged(place(cpu, package, core_id, *siblings) for cpu, (package, core_id, siblings) in cpus.items())

    found = [cpu for cores in topology.values() for members in cores.values() for cpu in members]
    assert sorted(found) == sorted(cpus)


@pytest.mark.parametrize("text", ["", "\n", "0-", "nonsense"])
def test_without_online_cpus_there_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    machine = Machine(tmp_path).file(f"{CPUS}/online", text)

    with pytest.raises(HostError, match=f"{tmp_path}{CPUS}/online"):
        read_online(machine.host().sys)


def test_without_sysfs_the_error_tells_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"online is missing: .* mount -t sysfs sysfs"):
        read_online(str(tmp_path))


def test_offline_cpus_are_those_present_and_not_online(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file(f"{CPUS}/present", "0-3")

    assert read_offline(machine.host().sys, frozenset({0, 2})) == {1, 3}
    assert read_offline(f"{tmp_path}/nowhere", frozenset({0, 2})) == frozenset()


def test_a_hybrid_x86_tells_its_kinds_of_cpus(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.file("/sys/bus/event_source/devices/cpu_core/cpus", "0-3\n")
    machine.file("/sys/bus/event_source/devices/cpu_atom/cpus", "4-7\n")

    assert read_kinds(machine.host().sys, [0, 3, 7]) == {0: "core", 3: "core", 7: "atom"}


def test_a_hybrid_arm_tells_the_capacity_of_its_cpus(tmp_path: Path) -> None:
    machine = Machine(tmp_path).file(f"{CPUS}/cpu0/cpu_capacity", "1024\n").file(f"{CPUS}/cpu1/cpu_capacity", "446\n")

    assert read_kinds(machine.host().sys, [0, 1]) == {0: "capacity-1024", 1: "capacity-446"}


@pytest.mark.parametrize("capacities", [("1024", "1024"), ("1024",), ()])
def test_a_machine_whose_cpus_are_alike_has_no_kinds(tmp_path: Path, capacities: tuple[str, ...]) -> None:
    machine = Machine(tmp_path)
    for cpu, capacity in enumerate(capacities):
        machine.file(f"{CPUS}/cpu{cpu}/cpu_capacity", f"{capacity}\n")

    assert read_kinds(machine.host().sys, [0, 1]) == {}


def test_the_cpus_behind_each_l3_cache_by_its_id(tmp_path: Path) -> None:
    """Ids may have gaps; a CPU that is offline is in no list of the kernel, but may just have gone."""
    machine = Machine(tmp_path)
    for cpu, cache, cpus in [(0, 0, "0-1"), (1, 0, "0-1"), (2, 8, "2-3"), (3, 8, "2-3")]:
        machine.files(
            f"{CPUS}/cpu{cpu}/cache/index2", {"level": "2\n", "id": f"{cpu}\n", "shared_cpu_list": f"{cpu}\n"}
        )
        machine.files(f"{CPUS}/cpu{cpu}/cache/index3", {"level": "3\n", "id": f"{cache}\n", "shared_cpu_list": cpus})

    assert read_l3_cpus(machine.host().sys, frozenset({0, 1, 2})) == {0: {0, 1}, 8: {2}}


@pytest.mark.parametrize("files", [{}, {"level": "2\n", "id": "0\n"}, {"level": "3\n", "shared_cpu_list": "0\n"}])
def test_without_an_l3_cache_or_its_id_there_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    machine = Machine(tmp_path).files(f"{CPUS}/cpu0/cache/index0", files)

    assert read_l3_cpus(machine.host().sys, frozenset({0})) == {}
