"""The writes of RDT control on a folder of files: what they read, compare, and remember for another process."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from wca_rdt.resctrl.control.group_write import GroupWrite
from wca_rdt.resctrl.control.placement_write import PlacementWrite, Subject, home
from wca_rdt.resctrl.control.schemata_write import SchemataWrite
from wca_rdt.resctrl.groups import Resctrl

from plugins.wca_rdt.tests.resctrl.folder import ResctrlFolder, task_cgroup
from wca_core.errors import ContractError
from wca_core.model.write import Record, Write
from wca_core.testing import Machine, make_task
from wca_core.write_kinds import InstalledKinds


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def folder(machine: Machine) -> ResctrlFolder:
    folder = ResctrlFolder(machine).control("be", [1, 2])
    (folder.path / "be/schemata").write_text("    MB:0=100;1= 40\n    L3:0=0ff;1=7ff\n")
    return folder


def stored(record: Record) -> Record:
    """As the journal keeps it."""
    kept: Record = json.loads(json.dumps(record))
    return kept


def test_a_line_is_read_and_compared_as_numbers(folder: ResctrlFolder) -> None:
    write = SchemataWrite(str(folder.path), "be", "L3:0=ff")

    assert write.read() == b"L3:0=0ff;1=7ff\n"
    assert write.verify(write.read())
    assert not SchemataWrite(str(folder.path), "be", "L3:0=ff;1=ff").verify(write.read())
    assert not SchemataWrite(str(folder.path), "be", "L3:2=ff").verify(write.read())


def test_a_line_that_is_not_there_cannot_be_read(folder: ResctrlFolder) -> None:
    with pytest.raises(OSError) as told:
        SchemataWrite(str(folder.path), "be", "L2:0=1").read()

    assert told.value.errno == errno.ENODATA


def test_a_line_belongs_to_its_group(folder: ResctrlFolder) -> None:
    record = stored(SchemataWrite(str(folder.path), "be", "L3:0=ff").record())
    assert SchemataWrite.from_record(record) == SchemataWrite(str(folder.path), "be", "L3:0=ff")

    (folder.path / "be").rename(folder.path / "other")

    assert SchemataWrite.from_record(record) is None
    folder.control("be")
    assert SchemataWrite.from_record(record) is None


def test_a_group_is_ours_if_it_has_our_mark(folder: ResctrlFolder) -> None:
    write = GroupWrite(Resctrl(str(folder.path)), "be")
    assert (write.read(), write.verify(write.read())) == (b"theirs\n", True)

    (folder.path / "be").chmod(0o1755)

    assert write.read() == b"ours\n"
    assert GroupWrite(Resctrl(str(folder.path)), "hp").read() == b""


def test_a_group_that_another_task_has_entered_is_not_removed(folder: ResctrlFolder) -> None:
    folder.group("be/mon_groups/y", {}, [2])
    write = GroupWrite(Resctrl(str(folder.path)), "be", is_wanted=False)

    assert write.verify(write.read())
    with pytest.raises(OSError, match="other tasks have entered"):
        write.undo(b"")


def test_a_group_is_rebuilt_as_long_as_there_is_a_resctrl(folder: ResctrlFolder) -> None:
    write = GroupWrite(Resctrl(str(folder.path)), "hp", is_wanted=False, lines="L3:0=1\n")
    rebuilt = GroupWrite.from_record(stored(write.record()))
    assert rebuilt is not None
    assert (rebuilt.place, rebuilt.is_wanted, rebuilt.lines) == (write.place, False, "L3:0=1\n")

    (folder.path / "info").rename(folder.path / "no-info")

    assert GroupWrite.from_record(write.record()) is None


def test_a_task_is_where_its_threads_are(machine: Machine, folder: ResctrlFolder) -> None:
    for path, threads in {"/x": [1, 2], "/y": [3], "/idle": [], "/new": []}.items():
        task_cgroup(machine, path, threads)
    folder.group("", {}, [3])
    folder.group("be/mon_groups/idle", {}, [])

    found = {
        name: PlacementWrite(machine.host(), Resctrl(str(folder.path)), subject(name), "be").read()
        for name in ("x", "y", "idle", "new")
    }

    assert found == {"x": b"/be\n", "y": b"/\n", "idle": b"/be\n", "new": b"-\n"}


def test_a_thread_that_ended_just_now_is_not_in_the_root() -> None:
    inside = {"": [7], "be": [1]}

    assert home([1, 98, 99], inside, []) == "be"
    assert home([1, 7], inside, ["be"]) == "be"
    assert home([1, 7], inside, [""]) == ""
    assert home([99], inside, ["be"]) == "be"
    assert home([99], inside, []) is None


def test_a_task_is_rebuilt_as_long_as_it_has_the_same_cgroup(machine: Machine, folder: ResctrlFolder) -> None:
    task_cgroup(machine, "/x", [1])
    write = PlacementWrite(machine.host(), Resctrl(str(folder.path)), subject("x"), "be")
    record = stored(write.record())
    rebuilt = PlacementWrite.from_record(record)
    assert rebuilt is not None
    assert (rebuilt.place, rebuilt.control, rebuilt.read()) == (write.place, "be", b"/be\n")

    cgroup = machine.root / "sys/fs/cgroup/x"
    cgroup.rename(cgroup.with_name("z"))

    assert PlacementWrite.from_record(record) is None
    with pytest.raises(FileNotFoundError):
        write.read()


@pytest.mark.parametrize("kind", [GroupWrite, PlacementWrite, SchemataWrite])
def test_another_record_is_refused_and_each_kind_is_installed(kind: type[Write]) -> None:
    assert InstalledKinds()[str(kind.kind)] is kind
    with pytest.raises(ContractError, match="record of a write"):
        kind.from_record({"mount": 1})


def test_a_subject_that_is_no_task_is_refused(folder: ResctrlFolder) -> None:
    record: Record = {"root": "/", "mount": str(folder.path), "subject": "[1]", "control": "be", "inode": 1}

    with pytest.raises(ContractError, match="a task expected"):
        PlacementWrite.from_record(record)


def subject(name: str) -> Subject:
    return Subject(make_task(f"/{name}"), name)
