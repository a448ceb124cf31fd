"""What resctrl answers, to the letter: on the emulator in the normal run, on a real kernel in the virtual machine.

No code of ours is under test but the emulator: a row that holds on the kernel and not on the emulator is
a fault of the emulator, and one that holds on neither a fault of the row.
"""

import errno
import os
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.conftest import MountResctrl
from plugins.wca_rdt.tests.resctrl.given import asleep, gone, own_thread, refusal, threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount, Word, status

pytestmark = pytest.mark.vm


@pytest.fixture
def group(resctrl: ResctrlMount) -> Path:
    path = resctrl.path / "a"
    path.mkdir()
    return path


def tree(path: Path) -> set[str]:
    return {str(child.relative_to(path)) for child in path.rglob("*")}


def test_a_fresh_mount_says_what_the_hardware_has(resctrl: ResctrlMount) -> None:
    info = resctrl.path / "info"
    said = {str(path.relative_to(info)): path.read_text() for path in info.rglob("*") if path.is_file()}

    assert said == {
        "L3/bit_usage": "0=XXSSSSSSSSS;1=XXSSSSSSSSS\n",
        "L3/cbm_mask": "7ff\n",
        "L3/min_cbm_bits": "1\n",
        "L3/num_closids": "8\n",
        "L3/shareable_bits": "600\n",
        "L3/sparse_masks": "0\n",
        "L3_MON/max_threshold_occupancy": "327680\n",
        "L3_MON/mon_features": "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n",
        "L3_MON/num_rmids": "48\n",
        "MB/bandwidth_gran": "10\n",
        "MB/delay_linear": "1\n",
        "MB/min_bandwidth": "10\n",
        "MB/num_closids": "8\n",
        "MB/thread_throttle_mode": "max\n",
        "last_cmd_status": "ok\n",
    }


def test_a_control_group_has_all_files_and_a_monitoring_group_fewer(group: Path) -> None:
    (group / "mon_groups" / "m").mkdir()
    data = {"mon_data"} | {f"mon_data/mon_L3_0{domain}" for domain in (0, 1)}
    events = ("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes")
    data |= {f"mon_data/mon_L3_0{domain}/{event}" for domain in (0, 1) for event in events}
    common = {"cpus", "cpus_list", "tasks", "mon_hw_id"} | data
    below = {f"mon_groups/m/{name}" for name in common} | {"mon_groups/m"}

    assert tree(group) == common | below | {"mon_groups", "schemata", "size", "mode", "ctrl_hw_id"}


def test_a_new_group_may_use_everything(group: Path) -> None:
    assert (group / "schemata").read_text() == "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n"
    assert (group / "size").read_text() == "    MB:0=100;1=100\n    L3:0=16777211;1=16777211\n"
    assert (group / "mode").read_text() == "shareable\n"
    assert (group / "tasks").read_text() == ""
    assert (group / "cpus").read_text() == "0\n"
    assert (group / "cpus_list").read_text() == "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("L3:0=505\n", "The mask 505 has non-consecutive 1-bits"),
        ("L3:0=0\n", "Mask out of range"),
        ("L3:0=fff\n", "Mask out of range"),
        ("L3:0=zz\n", "Non-hex character in the mask zz"),
        ("L3:0=\n", "Non-hex character in the mask "),
        ("L3:0=f;0=f\n", "Duplicate domain 0"),
        ("L3:7=f\n", "ok"),
        ("L3:0\n", "Missing '=' or non-numeric domain"),
        ("L3:x=f\n", "Missing '=' or non-numeric domain"),
        ("L3 0=f\n", "Missing ':'"),
        ("L3:\n", "Missing 'L3' value"),
        ("\n", "Missing ':'"),
        ("L9:0=f\n", "Unknown or unsupported resource name 'L9'"),
        ("MB:0=5\n", "MB value 5 out of range [10,100]"),
        ("MB:0=110\n", "MB value 110 out of range [10,100]"),
        ("MB:0=ten\n", "Invalid MB value ten"),
        ("MB:0=-1\n", "Invalid MB value -1"),
        ("MB:0=5000000000\n", "Invalid MB value 5000000000"),
    ],
)
def test_a_bad_line_is_refused_with_the_reason(resctrl: ResctrlMount, group: Path, text: str, said: str) -> None:
    before = (group / "schemata").read_text()

    assert refusal(resctrl, lambda: write(group / "schemata", text)) == (errno.EINVAL, said)
    assert (group / "schemata").read_text() == before


def test_a_line_without_its_newline_is_refused_and_the_old_status_stays(resctrl: ResctrlMount, group: Path) -> None:
    refusal(resctrl, lambda: write(group / "schemata", "L9:0=f\n"))

    assert refusal(resctrl, lambda: write(group / "schemata", "L3:0=f")) == (
        errno.EINVAL,
        "Unknown or unsupported resource name 'L9'",
    )


@pytest.mark.parametrize(
    ("text", "schemata", "size"),
    [
        ("L3:0=1\n", "    MB:0=100;1=100\n    L3:0=001;1=7ff\n", "    MB:0=100;1=100\n    L3:0=1525201;1=16777211\n"),
        ("MB:0=25\n", "    MB:0= 30;1=100\n    L3:0=7ff;1=7ff\n", "    MB:0=30;1=100\n    L3:0=16777211;1=16777211\n"),
        (
            "L3:1=0x3\nMB:1=50\n",
            "    MB:0=100;1= 50\n    L3:0=7ff;1=003\n",
            "    MB:0=100;1=50\n    L3:0=16777211;1=3050402\n",
        ),
        (
            "  L3 :0= f;1=70;\n",
            "    MB:0=100;1=100\n    L3:0=00f;1=070\n",
            "    MB:0=100;1=100\n    L3:0=6100804;1=4575603\n",
        ),
    ],
)
def test_a_good_line_changes_the_domains_that_it_names(group: Path, text: str, schemata: str, size: str) -> None:
    write(group / "schemata", text)

    assert (group / "schemata").read_text() == schemata
    assert (group / "size").read_text() == size


def test_two_lines_are_applied_together_or_not_at_all(resctrl: ResctrlMount, group: Path) -> None:
    assert refusal(resctrl, lambda: write(group / "schemata", "L3:0=f\nMB:0=5\n"))[0] == errno.EINVAL
    assert (group / "schemata").read_text() == "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n"


def test_an_ok_command_clears_the_status(resctrl: ResctrlMount, group: Path) -> None:
    refusal(resctrl, lambda: write(group / "schemata", "L9:0=f\n"))

    write(group / "schemata", "L3:0=f\n")

    assert status(resctrl) == "ok"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("abc", errno.EINVAL, "Task list parsing error pid abc"),
        ("1.5", errno.EINVAL, "Task list parsing error pid 1.5"),
        ("-1", errno.EINVAL, "Invalid pid -1"),
    ],
)
def test_what_is_no_thread_id_is_refused(resctrl: ResctrlMount, group: Path, text: str, error: int, said: str) -> None:
    assert refusal(resctrl, lambda: write(group / "tasks", text)) == (error, said)


@pytest.mark.parametrize("place", ["", "a", "mon_groups/m"])
def test_a_dead_thread_is_refused_everywhere(resctrl: ResctrlMount, group: Path, place: str) -> None:
    (resctrl.path / "mon_groups" / "m").mkdir()
    dead = gone()

    assert refusal(resctrl, lambda: write(resctrl.path / place / "tasks", str(dead))) == (
        errno.ESRCH,
        f"No task {dead}\nError while processing task {dead}",
    )


def test_a_thread_is_in_one_control_group(resctrl: ResctrlMount, group: Path) -> None:
    with asleep() as process:
        write(group / "tasks", f"{process}\n")

        assert process in threads(group)
        assert process not in threads(resctrl.path)

        write(resctrl.path / "tasks", str(process))

        assert process not in threads(group)
        assert process in threads(resctrl.path)


def test_several_threads_may_be_written_with_commas(group: Path) -> None:
    with asleep() as one, asleep() as two:
        write(group / "tasks", f"{one}, {two}\n")

        assert {one, two} <= threads(group)


def test_of_a_list_those_before_the_dead_one_have_moved(resctrl: ResctrlMount, group: Path) -> None:
    with asleep() as one, asleep() as two:
        dead = gone()

        error, _ = refusal(resctrl, lambda: write(group / "tasks", f"{one},{dead},{two}"))

        assert error == errno.ESRCH
        assert one in threads(group)
        assert two not in threads(group)


def test_a_write_moves_one_thread_and_not_its_process(group: Path) -> None:
    with own_thread() as thread:
        write(group / "tasks", str(thread))

        assert threads(group) == {thread}


def test_zero_is_the_writer(group: Path) -> None:
    write(group / "tasks", "0")

    assert os.getpid() in threads(group)


def test_a_monitoring_groups_threads_are_its_parents_too(group: Path) -> None:
    monitored = group / "mon_groups" / "m"
    monitored.mkdir()
    with asleep() as process:
        write(group / "tasks", str(process))
        write(monitored / "tasks", str(process))

        assert process in threads(monitored)
        assert process in threads(group)


def test_a_monitoring_group_refuses_threads_of_another_control_group(resctrl: ResctrlMount, group: Path) -> None:
    (group / "mon_groups" / "m").mkdir()
    with asleep() as process:
        assert refusal(resctrl, lambda: write(group / "mon_groups" / "m" / "tasks", str(process))) == (
            errno.EINVAL,
            f"Can't move task to different control group\nError while processing task {process}",
        )


def test_a_write_to_the_control_group_takes_a_thread_out_of_its_monitoring_group(group: Path) -> None:
    monitored = group / "mon_groups" / "m"
    monitored.mkdir()
    with asleep() as process:
        write(group / "tasks", str(process))
        write(monitored / "tasks", str(process))

        write(group / "tasks", str(process))

        assert process not in threads(monitored)


def test_threads_of_a_removed_control_group_are_the_roots(resctrl: ResctrlMount, group: Path) -> None:
    (group / "mon_groups" / "m").mkdir()
    with asleep() as process:
        write(group / "tasks", str(process))
        write(group / "mon_groups" / "m" / "tasks", str(process))

        group.rmdir()

        assert process in threads(resctrl.path)


def test_threads_of_a_removed_monitoring_group_are_its_parents(group: Path) -> None:
    monitored = group / "mon_groups" / "m"
    monitored.mkdir()
    with asleep() as process:
        write(group / "tasks", str(process))
        write(monitored / "tasks", str(process))

        monitored.rmdir()

        assert process in threads(group)


def test_control_groups_end_with_the_closids(resctrl: ResctrlMount) -> None:
    for number in range(resctrl.closids - 1):
        (resctrl.path / f"g{number}").mkdir()

    assert refusal(resctrl, (resctrl.path / "more").mkdir) == (errno.ENOSPC, "Out of CLOSIDs")
    assert not (resctrl.path / "more").exists()


def use_all_rmids(resctrl: ResctrlMount) -> list[Path]:
    groups = [resctrl.path / "mon_groups" / f"m{number}" for number in range(resctrl.rmids - 1)]
    resctrl.leave_limbo()  # what was used by tests before
    for path in groups:
        path.mkdir()
    return groups


def test_groups_end_with_the_rmids_and_the_status_grows(resctrl: ResctrlMount) -> None:
    use_all_rmids(resctrl)

    assert refusal(resctrl, (resctrl.path / "mon_groups" / "more").mkdir) == (errno.ENOSPC, "Out of RMIDs")
    assert refusal(resctrl, (resctrl.path / "more").mkdir) == (errno.ENOSPC, "Out of RMIDs\nOut of RMIDs")
    assert not (resctrl.path / "more").exists()


def test_an_rmid_given_back_is_in_limbo_first(resctrl: ResctrlMount) -> None:
    use_all_rmids(resctrl)[0].rmdir()
    again = resctrl.path / "mon_groups" / "again"

    assert refusal(resctrl, again.mkdir) == (errno.EBUSY, "Out of RMIDs")

    resctrl.leave_limbo()
    again.mkdir()


def test_an_rmid_stays_in_limbo_while_its_lines_are_in_the_cache(resctrl: ResctrlMount) -> None:
    used = use_all_rmids(resctrl)
    resctrl.set_occupancy("mon_groups/m0", 1, 2 << 20)

    used[0].rmdir()
    resctrl.leave_limbo()

    assert refusal(resctrl, (resctrl.path / "mon_groups" / "again").mkdir) == (errno.EBUSY, "Out of RMIDs")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a/b", errno.EPERM),
        ("mon_groups", errno.EEXIST),
        ("mon_groups/mon_groups", errno.EPERM),
        ("info/x", errno.EPERM),
        ("mon_data/x", errno.EPERM),
        ("a", errno.EEXIST),
        ("x\ny", errno.EINVAL),
        ("nowhere/x", errno.ENOENT),
    ],
)
def test_some_folders_cannot_be_made(resctrl: ResctrlMount, group: Path, name: str, error: int) -> None:
    assert refusal(resctrl, (resctrl.path / name).mkdir)[0] == error


@pytest.mark.parametrize(
    ("name", "error"),
    [("info", errno.EPERM), ("a/mon_data", errno.EPERM), ("mon_groups", errno.EPERM), ("x", errno.ENOENT)],
)
def test_some_folders_cannot_be_removed(resctrl: ResctrlMount, group: Path, name: str, error: int) -> None:
    assert refusal(resctrl, (resctrl.path / name).rmdir)[0] == error


def test_files_can_be_neither_made_nor_removed(resctrl: ResctrlMount, group: Path) -> None:
    assert refusal(resctrl, (group / "new").touch)[0] == errno.EACCES
    assert refusal(resctrl, (group / "tasks").unlink)[0] == errno.EPERM


@pytest.mark.parametrize(
    "name", ["info/L3/num_closids", "info/last_cmd_status", "size", "mon_data/mon_L3_00/llc_occupancy"]
)
def test_some_files_are_read_only_for_root_too(resctrl: ResctrlMount, name: str) -> None:
    assert refusal(resctrl, lambda: write(resctrl.path / name, "1\n"))[0] == errno.EACCES


def test_a_group_that_overlaps_cannot_be_exclusive(resctrl: ResctrlMount, group: Path) -> None:
    assert refusal(resctrl, lambda: write(group / "mode", "exclusive\n")) == (errno.EINVAL, "Schemata overlaps")
    assert refusal(resctrl, lambda: write(group / "mode", "mine\n")) == (errno.EINVAL, "Unknown or unsupported mode")


def test_masks_of_an_exclusive_group_are_for_nobody_else(resctrl: ResctrlMount, group: Path) -> None:
    write(resctrl.path / "schemata", "L3:0=7f0;1=7f0\n")
    write(group / "schemata", "L3:0=f;1=f\n")
    write(group / "mode", "exclusive\n")

    assert refusal(resctrl, lambda: write(resctrl.path / "schemata", "L3:0=7f8\n")) == (
        errno.EINVAL,
        "Overlaps with exclusive group",
    )
    assert refusal(resctrl, lambda: write(group / "schemata", "L3:0=1f\n")) == (
        errno.EINVAL,
        "Overlaps with other group",
    )
    assert (resctrl.path / "info" / "L3" / "bit_usage").read_text() == "0=XXSSSSSEEEE;1=XXSSSSSEEEE\n"
    (resctrl.path / "b").mkdir()
    assert (resctrl.path / "b" / "schemata").read_text() == "    MB:0=100;1=100\n    L3:0=7f0;1=7f0\n"


def test_a_monitoring_group_moves_with_its_threads_and_counts(resctrl: ResctrlMount, group: Path) -> None:
    monitored, moved = resctrl.path / "mon_groups" / "m", group / "mon_groups" / "n"
    monitored.mkdir()
    resctrl.add_bandwidth("mon_groups/m", 0, 4 * UNIT, UNIT)
    with asleep() as process:
        write(monitored / "tasks", str(process))

        monitored.rename(moved)

        assert not monitored.exists()
        assert threads(moved) == {process}
        assert process in threads(group)
        assert (moved / "mon_data" / "mon_L3_00" / "mbm_total_bytes").read_text() == f"{4 * UNIT}\n"


@pytest.mark.parametrize(
    ("source", "target", "error", "said"),
    [
        ("a", "b", errno.EPERM, "Source must be a MON group"),
        ("mon_groups/m", "a/m", errno.EPERM, "Destination must be a mon_groups subdirectory"),
        ("mon_groups/m", "a/mon_groups/m", errno.EEXIST, "ok"),
    ],
)
def test_other_renames_are_refused(
    resctrl: ResctrlMount, group: Path, source: str, target: str, error: int, said: str
) -> None:
    (resctrl.path / "mon_groups" / "m").mkdir()
    (group / "mon_groups" / "m").mkdir()

    assert refusal(resctrl, lambda: os.rename(resctrl.path / source, resctrl.path / target)) == (error, said)


@pytest.mark.parametrize("name", ["a", "mon_groups/m", "a/mon_groups/m"])
def test_the_counters_of_a_group_are_what_the_hardware_says(resctrl: ResctrlMount, group: Path, name: str) -> None:
    for parent in (resctrl.path, group):
        (parent / "mon_groups" / "m").mkdir()

    resctrl.set_occupancy(name, 0, 37 * UNIT)
    resctrl.add_bandwidth(name, 1, 9 * UNIT, 4 * UNIT)
    resctrl.add_bandwidth(name, 1, 2 * UNIT, UNIT)

    data = resctrl.path / name / "mon_data"
    assert (data / "mon_L3_00" / "llc_occupancy").read_text() == f"{37 * UNIT}\n"
    assert (data / "mon_L3_01" / "llc_occupancy").read_text() == "0\n"
    assert (data / "mon_L3_01" / "mbm_total_bytes").read_text() == f"{11 * UNIT}\n"
    assert (data / "mon_L3_01" / "mbm_local_bytes").read_text() == f"{5 * UNIT}\n"
    assert (data / "mon_L3_00" / "mbm_total_bytes").read_text() == "0\n"


def test_a_control_group_counts_its_monitoring_groups_too(resctrl: ResctrlMount, group: Path) -> None:
    (group / "mon_groups" / "m").mkdir()
    for name in ("a", "a/mon_groups/m"):
        resctrl.set_occupancy(name, 0, 3 * UNIT)
        resctrl.add_bandwidth(name, 0, 5 * UNIT, UNIT)

    assert (group / "mon_data" / "mon_L3_00" / "llc_occupancy").read_text() == f"{6 * UNIT}\n"
    assert (group / "mon_data" / "mon_L3_00" / "mbm_total_bytes").read_text() == f"{10 * UNIT}\n"


def test_bandwidth_is_counted_from_when_the_group_was_made(resctrl: ResctrlMount) -> None:
    first, *_ = use_all_rmids(resctrl)
    resctrl.add_bandwidth("mon_groups/m0", 0, 7 * UNIT, 7 * UNIT)
    first.rmdir()
    resctrl.leave_limbo()

    first.mkdir()

    assert (first / "mon_data" / "mon_L3_00" / "mbm_total_bytes").read_text() == "0\n"


@pytest.mark.parametrize("word", ["Unavailable", "Error"])
def test_a_counter_without_a_number_says_why(resctrl: ResctrlMount, group: Path, word: Word) -> None:
    resctrl.set_word("a", 0, word)

    data = group / "mon_data"
    assert (data / "mon_L3_00" / "llc_occupancy").read_text() == f"{word}\n"
    assert (data / "mon_L3_00" / "mbm_total_bytes").read_text() == f"{word}\n"
    assert (data / "mon_L3_01" / "mbm_total_bytes").read_text() == "0\n"


def test_a_file_of_a_removed_group_is_no_device_even_when_the_name_is_back(group: Path) -> None:
    with (group / "mon_data" / "mon_L3_00" / "llc_occupancy").open("rb", buffering=0) as opened:
        group.rmdir()
        group.mkdir()

        with pytest.raises(OSError, match="No such device"):
            opened.read()


def test_a_file_kept_open_tells_what_is_new(resctrl: ResctrlMount, group: Path) -> None:
    with (group / "mon_data" / "mon_L3_00" / "llc_occupancy").open("rb", buffering=0) as opened:
        assert os.pread(opened.fileno(), 100, 0) == b"0\n"

        resctrl.set_occupancy("a", 0, UNIT)

        assert os.pread(opened.fileno(), 100, 0) == b"%d\n" % UNIT


def test_the_limbo_threshold_is_in_whole_units_and_within_the_cache(resctrl: ResctrlMount) -> None:
    threshold = resctrl.path / "info" / "L3_MON" / "max_threshold_occupancy"
    before = threshold.read_text()

    assert refusal(resctrl, lambda: write(threshold, f"{1 << 30}\n"))[0] == errno.EINVAL
    write(threshold, f"{UNIT + 1}\n")
    after = threshold.read_text()
    write(threshold, before)

    assert after == f"{UNIT}\n"


def test_with_cdp_code_and_data_have_their_own_masks(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl("cdp")

    write(resctrl.path / "schemata", "L3CODE:0=3\n")

    assert (resctrl.path / "schemata").read_text() == ("    MB:0=100;1=100\nL3DATA:0=7ff;1=7ff\nL3CODE:0=003;1=7ff\n")
    assert {path.name for path in (resctrl.path / "info").iterdir()} == {
        *("L3CODE", "L3DATA", "L3_MON", "MB", "last_cmd_status")
    }
    assert (resctrl.path / "info" / "L3CODE" / "num_closids").read_text() == "4\n"
    assert (resctrl.path / "info" / "MB" / "num_closids").read_text() == "8\n"
    assert refusal(resctrl, lambda: write(resctrl.path / "schemata", "L3:0=3\n")) == (
        errno.EINVAL,
        "Unknown or unsupported resource name 'L3'",
    )


def test_with_cdp_there_are_half_as_many_control_groups(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl("cdp")
    for name in "abc":
        (resctrl.path / name).mkdir()

    assert refusal(resctrl, (resctrl.path / "d").mkdir) == (errno.ENOSPC, "Out of CLOSIDs")


def test_with_megabytes_bandwidth_begins_unlimited(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl("mba_MBps")
    (resctrl.path / "a").mkdir()
    assert (resctrl.path / "schemata").read_text().splitlines()[0].split() == ["MB:0=4294967295;1=4294967295"]

    write(resctrl.path / "a" / "schemata", "MB:0=1500\n")

    assert (resctrl.path / "a" / "schemata").read_text() == ("    MB:0=1500;1=4294967295\n    L3:0=7ff;1=7ff\n")


def test_an_unknown_option_is_refused(mount_resctrl: MountResctrl) -> None:
    with pytest.raises(OSError, match="nosuch") as refused:
        mount_resctrl("nosuch")

    assert refused.value.errno == errno.EINVAL
