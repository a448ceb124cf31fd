"""Journals of other agents that `wca restore` finds: which are followed, which only named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unreliable import KINDS, write_of
from wca_core.journal import Journal
from wca_core.journal.beside import LeftJournal, journals_beside
from wca_core.linux.kernel import read_boot_id
from wca_core.model.statistics import Statistics
from wca_core.transaction import Bounds, Transaction

OWN = os.geteuid()
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    file = folder / "wca.journal"
    file.write_text("head\nchange\n")
    file.chmod(0o600)
    return file


def beside(path: Path, uid: int = OWN) -> tuple[list[str], list[str]]:
    trusted, left = journals_beside("/run/wca/journal", [str(path), f"{path}.other"], uid)
    return list(trusted), [one.path for one in left]


def test_a_journal_of_the_same_user_is_trusted(path: Path) -> None:
    assert beside(path) == ([str(path)], [])
    assert journals_beside(str(path), [str(path)]) == ([], [])


def test_what_holds_no_change_is_nothing(path: Path) -> None:
    path.write_text("head\n")
    assert beside(path) == ([], [])

    path.unlink()
    path.mkdir()
    assert beside(path) == ([], [])

    path.rmdir()
    assert beside(path) == ([], [])


def test_a_link_is_never_followed(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")

    assert beside(path) == ([], [])


def test_a_journal_of_somebody_else_is_only_named(path: Path) -> None:
    assert beside(path, uid=OWN + 1) == ([], [str(path)])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_only_named(path: Path, mode: int) -> None:
    path.chmod(mode)

    assert beside(path) == ([], [str(path)])


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_file_where_others_may_make_files_is_only_named(path: Path, mode: int) -> None:
    path.parent.chmod(mode)

    assert beside(path) == ([], [str(path)])


def test_a_file_with_a_second_name_is_only_named(path: Path) -> None:
    os.link(path, path.with_name("second"))

    assert beside(path) == ([], [str(path)])


@pytest.mark.skipif(OWN != 0, reason="needs root, to give a directory away")
def test_root_does_not_trust_its_file_in_the_directory_of_another_user(path: Path) -> None:
    os.chown(path.parent, NOBODY, -1)

    assert beside(path) == ([], [str(path)])


def test_each_is_named_with_the_command_of_its_owner() -> None:
    place = "/run/wca/wca.journal"
    name = {"root": f"sudo wca restore --state-file {place}", "own": f"wca restore --state-file {place}"}

    assert str(LeftJournal(place, 0, False)).endswith(f"the journal of root, who follows it: {name['root']}")
    assert str(LeftJournal(place, 4_000_000, False)).endswith(f"who follows it: sudo -u '#4000000' {name['own']}")
    assert str(LeftJournal(place, 0, True)).endswith(
        f"others may have written it; once you know what is in it: {name['own']}"
    )


SCRIPT = """
mount -t tmpfs tmpfs /run && mkdir /run/wca && cp "$1" /run/wca/wca.journal && chmod 600 /run/wca/wca.journal || exit 77
chown "$2" /run/wca/wca.journal
shift 2
"$@"
code=$?
ls /run/wca
exit $code
"""


def restored_as_root(journal: Path, owner: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`wca restore` by root where the journal of the systemd unit is this one and belongs to this user."""
    if OWN != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare, for a /run of its own")
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "restore", *arguments]
    within = ["unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sh"]
    result = subprocess.run(
        [*within, str(journal), str(owner), *command], capture_output=True, text=True, timeout=60, check=False
    )
    if result.returncode == 77:
        pytest.skip(f"/run cannot be mounted over: {result.stderr.strip()}")
    return result


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    (tmp_path / "shares").write_text("1\n")
    return tmp_path / "shares"


@pytest.fixture
def journal(tmp_path: Path, changed: Path) -> Path:
    """What an agent left that wrote 9 where 1 was."""
    kept = Journal.open(str(tmp_path / "journal"), read_boot_id("/proc"), KINDS)
    Transaction(kept, None, Statistics(), bounds=Bounds()).apply([write_of(changed, "9")])
    kept.close()
    assert changed.read_text() == "9"
    return tmp_path / "journal"


def test_root_names_the_journal_of_another_user_and_writes_nothing_of_it(journal: Path, changed: Path) -> None:
    result = restored_as_root(journal, NOBODY)

    assert result.returncode == 3
    assert "/run/wca/wca.journal is left: it is the journal of nobody, who follows it: sudo -u nobody " in result.stderr
    assert result.stdout.splitlines() == ["nothing to restore: there is no /run/wca/journal", "wca.journal"]
    assert changed.read_text() == "9"


def test_root_follows_its_own_journal_at_the_place_of_the_unit(journal: Path, changed: Path) -> None:
    result = restored_as_root(journal, 0)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "1 restored"
    assert changed.read_text() == "1\n"
