"""The journal in a real file: adopted, cut off, full, broken, held."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unreliable import KINDS, Trouble, UnreliableWrite, contents, made, no_file_larger_than, write_of
from wca_core.errors import StartError
from wca_core.journal import Journal
from wca_core.journal.journal import ROOM
from wca_core.journal.places import journal_path
from wca_core.model.statistics import Statistics
from wca_core.transaction import Bounds, Transaction

HOLDER = """
import sys
from wca_core.journal import Journal
journal = Journal.open(sys.argv[1], "boot")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal"


def opened(path: Path, boot_id: str = "boot") -> Journal:
    return Journal.open(str(path), boot_id, KINDS)


def write(journal: Journal, place: Path, content: str) -> None:
    Transaction(journal, None, Statistics(), bounds=Bounds(KINDS)).apply([write_of(place, content)])


def known(journal: Journal) -> dict[str, tuple[bytes, bytes | None]]:
    """What was there before us and what we wrote last, by the place's name."""
    return {Path(entry.place).name: (entry.before, entry.last) for entry in journal.entries.values()}


def test_what_was_there_before_the_first_write_and_after_the_last_is_known(files: Path, path: Path) -> None:
    journal = opened(path)

    for content in ("5", "6", "7"):
        write(journal, files / "a/x", content)

    assert known(journal) == {"x": (b"1\n", b"7")}


def test_what_is_as_it_was_before_us_is_not_ours(files: Path, path: Path) -> None:
    journal = opened(path)

    write(journal, files / "a/x", "5")
    write(journal, files / "a/x", "1\n")

    assert known(journal) == {}


def test_what_somebody_else_wrote_in_between_is_what_was_there_before_us(files: Path, path: Path) -> None:
    journal = opened(path)

    write(journal, files / "a/x", "5")
    (files / "a/x").write_text("theirs\n")
    write(journal, files / "a/x", "6")

    assert known(journal) == {"x": (b"theirs\n", b"6")}


def test_a_write_that_comes_to_nothing_changes_nothing_that_is_known(files: Path, path: Path) -> None:
    journal = opened(path)
    write(journal, files / "a/x", "5")
    (files / "a/x").write_text("perhaps theirs, perhaps an effect of another file of ours\n")

    refused = UnreliableWrite(write_of(files / "a/x", "6"), Trouble({"do": [0]}))
    Transaction(journal, None, Statistics(), bounds=Bounds(KINDS)).apply([refused])

    assert known(journal) == {"x": (b"1\n", b"5")}
    journal.close()
    assert known(opened(path)) == {"x": (b"1\n", b"5")}


def test_a_restarted_agent_adopts_what_the_one_before_left(files: Path, path: Path) -> None:
    first = opened(path)
    write(first, files / "a/x", "5")
    write(first, files / "a/y", "6")
    first.close()
    (files / "a/y").write_text("theirs\n")

    second = opened(path)
    write(second, files / "a/x", "7")
    write(second, files / "a/y", "8")

    assert known(second) == {"x": (b"1\n", b"7"), "y": (b"theirs\n", b"8")}


def test_what_belongs_to_a_cgroup_that_is_gone_is_dropped(files: Path, path: Path) -> None:
    first = opened(path)
    write(first, files / "a/x", "5")
    write(first, files / "b/x", "5")
    first.close()
    (files / "a").rename(files / "still there, so that its inode is not used again")
    made(files, {"a/x": "5"})

    assert [entry.place for entry in opened(path).entries.values()] == [str(files / "b/x")]


def test_after_a_restart_of_the_machine_nothing_is_ours(files: Path, path: Path) -> None:
    first = opened(path, "yesterday")
    write(first, files / "a/x", "5")
    first.close()

    assert known(opened(path, "today")) == {}


def test_only_its_owner_can_read_it(path: Path) -> None:
    opened(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_of_nothing_is_removed_when_it_is_closed(files: Path, path: Path) -> None:
    opened(path).close()
    assert not path.exists()

    journal = opened(path)
    write(journal, files / "a/x", "5")
    journal.close()
    assert path.exists()


@settings(deadline=None)
@given(part=st.floats(0, 1))
def test_cut_off_anywhere_it_holds_all_that_was_known_then(
    part: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("cut")
    files, path = made(directory, {"a/x": "1\n", "a/y": "2\n"}), directory / "journal"
    journal = opened(path)
    write(journal, files / "a/x", "5")
    known_then, size = known(journal), path.stat().st_size
    write(journal, files / "a/y", "6")
    journal.close()
    os.truncate(path, size + int(part * (path.stat().st_size - size)))

    cut = Journal.look_into(str(path), "boot", KINDS)

    assert cut is not None
    assert known_then.items() <= known(cut).items()
    cut.close()
    again = opened(path)
    write(again, files / "a/x", "7")
    again.close()


@pytest.mark.parametrize("room", [0, 20])
def test_a_full_disk_loses_no_line(files: Path, path: Path, room: int) -> None:
    journal = opened(path)
    write(journal, files / "a/x", "5")
    with no_file_larger_than(path.stat().st_size + room):
        write(journal, files / "a/y", "6")
    write(journal, files / "b/x", "7")
    journal.close()

    assert [entry.before for entry in opened(path).entries.values()] == [b"1\n", b"3\n"]
    assert (files / "a/y").read_text() == "2\n"


def test_many_writes_of_few_places_keep_the_file_short(files: Path, path: Path) -> None:
    journal = opened(path)

    for number in range(10, 1200):
        write(journal, files / "a/x", str(number))

    assert len(path.read_text().splitlines()) <= ROOM + 4
    assert known(journal) == {"x": (b"1\n", b"1199")}
    journal.close()
    assert known(opened(path)) == {"x": (b"1\n", b"1199")}


def test_cgroups_that_come_and_go_do_not_fill_it(tmp_path: Path, path: Path) -> None:
    journal = opened(path)

    for number in range(ROOM):
        files = made(tmp_path / "cgroups", {f"{number}/x": "1\n"})
        write(journal, files / f"{number}/x", "5")
        (files / f"{number}/x").unlink()
        (files / f"{number}").rmdir()

    assert len(journal.entries) <= ROOM / 2
    assert len(path.read_text().splitlines()) <= ROOM + 2


def test_what_a_writer_left_that_was_killed_while_it_gathered_is_no_obstacle(files: Path, path: Path) -> None:
    first = opened(path)
    write(first, files / "a/x", "5")
    first.close()
    path.with_name("journal.new").write_text('{"wca_journal":1,')

    second = opened(path)

    assert known(second) == {"x": (b"1\n", b"5")}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (b"riddle\n", "journal:1: a line of JSON expected"),
        (b"[]\n", "journal:1: fields by name expected"),
        (b'{"wca_journal":2,"boot_id":"boot"}\n', "journal:1: a journal of version 1 expected"),
        (b'{"wca_journal":1,"boot_id":"boot"}\n\x00\x00\n{"forget":["/x",1]}\n', "journal:2: a line of JSON expected"),
        (b'{"wca_journal":1,"boot_id":"boot"}\n{"key":["/x",1]}\n', "journal:2: record: "),
    ],
)
def test_a_broken_journal_is_an_error_and_kept_aside(path: Path, broken: bytes, complaint: str) -> None:
    path.parent.mkdir()
    path.write_bytes(broken)

    with pytest.raises(StartError) as raised:
        opened(path)

    aside = path.with_name("journal.broken-1")
    assert complaint in str(raised.value)
    assert f"it is kept as {aside}: remove or mend that line and `wca restore --state-file {aside}`" in str(
        raised.value
    )
    assert aside.read_bytes() == broken
    opened(path)


def test_what_is_kept_aside_does_not_replace_what_was_kept_before(path: Path) -> None:
    path.parent.mkdir()
    for content in ("first\n", "second\n"):
        path.write_text(content)
        with pytest.raises(StartError):
            opened(path)

    assert contents(path.parent) == {"journal.broken-1": "first\n", "journal.broken-2": "second\n"}


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "writable for others"])
def test_what_others_could_have_written_is_no_journal(path: Path, kind: str) -> None:
    path.parent.mkdir()
    match kind:
        case "link":
            path.symlink_to(path.parent / "target")
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            path.touch()
            path.chmod(0o622)

    with pytest.raises(StartError, match=rf"journal {path} cannot be used: .*name another as restore_state_file"):
        opened(path)

    assert not (path.parent / "target").exists()


def test_a_journal_that_another_process_uses_is_refused(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(StartError, match="another agent or `wca restore` uses it"):
            opened(path)

        holder.kill()
    opened(path)


def test_it_is_of_the_node_for_root_and_of_the_user_for_others(tmp_path: Path) -> None:
    assert journal_path(0, str(tmp_path)) == "/run/wca/journal"
    assert journal_path(7, str(tmp_path)) == f"{tmp_path}/wca.journal"
    assert journal_path(7, f"{tmp_path}/gone") == "/tmp/wca-7.journal"


def test_a_place_that_is_written_as_the_journal_gathers_is_known_afterwards(files: Path, path: Path) -> None:
    journal = opened(path)

    for number in range(10, 2 * ROOM):  # with one and with two entries: whichever line is the one too many
        write(journal, files / "a/y", str(number))
        assert known(journal)["y"] == (b"2\n", str(number).encode())
        write(journal, files / "a/y", "2\n")
        write(journal, files / "b/x", str(number) if number % 7 < 3 else "3\n")
