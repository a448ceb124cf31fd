"""LogStorage: standard error, the end of a file, or the whole of a file."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wca_core.builtin.log_storage import LogStorage
from wca_core.errors import ConfigurationError, StartError
from wca_core.model.metric import Metric, Samples, Series, gauge
from wca_core.testing import Machine

FOO = Metric("foo", "Foo.", gauge)
HEADER = "# HELP foo Foo.\n# TYPE foo gauge\n"


def one(value: float, **labels: str) -> Samples:
    return Samples.of([Series.of(FOO, labels).at(value)])


def started(tmp_path: Path, **fields: object) -> LogStorage:
    """A storage that writes to the file `out` of the folder."""
    storage = LogStorage(output_filename=str(tmp_path / "out"), **fields)  # type: ignore[arg-type]
    host = Machine(tmp_path / "machine").host()
    storage.start(host)
    return storage


def test_without_a_file_the_text_goes_to_standard_error_with_an_empty_line(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    storage = LogStorage()
    storage.start(Machine(tmp_path).host())

    storage.store(one(1), "metrics")

    assert capfdbinary.readouterr().err.decode() == HEADER + 'foo{host="test-host"} 1 1700000000000\n\n'
    assert not storage.stores_locally


def test_appended_texts_are_separated_by_an_empty_line(tmp_path: Path) -> None:
    storage = started(tmp_path)

    storage.store(one(1), "metrics")
    storage.store(one(2), "metrics")

    text = HEADER + 'foo{host="test-host"} %d 1700000000000\n\n'
    assert (tmp_path / "out").read_text() == text % 1 + text % 2


def test_what_stood_in_the_file_before_stays(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before\n")

    started(tmp_path).store(one(1), "metrics")

    assert (tmp_path / "out").read_text().startswith("before\n# HELP")


def test_a_rotated_file_is_not_written_to(tmp_path: Path) -> None:
    storage = started(tmp_path)
    storage.store(one(1), "metrics")

    (tmp_path / "out").rename(tmp_path / "rotated")
    storage.store(one(2), "metrics")

    assert (tmp_path / "rotated").read_text().count("foo{") == (tmp_path / "out").read_text().count("foo{") == 1


def test_overwriting_leaves_only_the_last_text_without_timestamps(tmp_path: Path) -> None:
    storage = started(tmp_path, overwrite=True)

    storage.store(one(1), "metrics")
    storage.store(one(2), "metrics")

    assert (tmp_path / "out").read_text() == HEADER + 'foo{host="test-host"} 2\n'
    assert sorted(os.listdir(tmp_path)) == ["machine", "out"]


def test_overwriting_with_no_samples_leaves_an_empty_file(tmp_path: Path) -> None:
    storage = started(tmp_path, overwrite=True)

    storage.store(Samples(), "metrics")

    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize(("overwrite", "wanted"), [(True, True), (False, False)])
def test_timestamps_can_be_chosen(tmp_path: Path, overwrite: bool, wanted: bool) -> None:
    storage = started(tmp_path, overwrite=overwrite, include_timestamp=wanted)

    storage.store(one(1), "metrics")

    assert ("1700000000000" in (tmp_path / "out").read_text()) is wanted


@pytest.mark.parametrize(("names", "printed"), [(["host"], '{host="test-host"}'), ([], ""), (["a"], '{a="1"}')])
def test_only_the_filtered_labels_are_printed(tmp_path: Path, names: list[str], printed: str) -> None:
    storage = started(tmp_path, overwrite=True, filter_labels=names)

    storage.store(one(1, a="1"), "metrics")

    assert (tmp_path / "out").read_text() == f"{HEADER}foo{printed} 1\n"


def test_the_file_has_the_permissions_asked_for(tmp_path: Path) -> None:
    storage = started(tmp_path, overwrite=True, mode=0o600)

    storage.store(one(1), "metrics")

    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real/metrics")

    started(tmp_path, overwrite=True).store(one(1), "metrics")

    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real/metrics").read_text().endswith("} 1\n")


def test_a_reader_of_a_file_that_is_overwritten_always_sees_a_whole_text(tmp_path: Path) -> None:
    storage = started(tmp_path, overwrite=True)
    samples = [Samples.of([Series.of(FOO, {"n": str(n)}).at(value) for n in range(200)]) for value in (1, 2)]
    storage.store(samples[0], "metrics")
    whole = {(tmp_path / "out").read_bytes()}
    storage.store(samples[1], "metrics")
    whole.add((tmp_path / "out").read_bytes())
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((tmp_path / "out").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(1000):
        storage.store(samples[at % 2], "metrics")
    done.set()
    reader.join()

    assert seen <= whole


def test_temporary_files_of_dead_processes_are_removed_and_others_kept(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    stale = f".out.{int(dead.stdout)}.tmp"
    kept = [f".out.{os.getpid()}.tmp", ".out.x.tmp", ".other.1.tmp", ".out.tmp"]
    for name in (stale, *kept):
        (tmp_path / name).touch()

    started(tmp_path, overwrite=True)

    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "machine"])


FULL_DISK = """
import os, resource, sys
from pathlib import Path
from wca_core.builtin.log_storage import LogStorage
from wca_core.host import Host
from wca_core.model.metric import Metric, Samples, gauge

foo = Metric("foo", "Foo.", gauge, levels=("n",))
storage = LogStorage(output_filename=sys.argv[1], overwrite=True)
storage.start(Host(name="h"))
storage.store(Samples.of([foo.sample(1, n=0)]), "metrics")
before = Path(sys.argv[1]).read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    storage.store(Samples.of([foo.sample(1, n=n) for n in range(1000)]), "metrics")
except OSError as error:
    assert Path(sys.argv[1]).read_bytes() == before
    print(os.listdir(os.path.dirname(sys.argv[1])))
"""


def test_where_the_disk_is_full_the_old_file_stays_and_no_temporary_one(tmp_path: Path) -> None:
    """A limit of the size of files stands for the disk: it too takes a part of the text and then refuses."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path / "out")], capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == ("['out']", "")


def test_overwriting_without_a_file_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="overwrite: true needs output_filename"):
        LogStorage(overwrite=True)


def test_a_file_in_no_directory_is_a_configuration_error_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"mkdir -p {tmp_path}/missing"):
        LogStorage(output_filename=str(tmp_path / "missing/out"))


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_directory_in_place_of_the_file_refuses_to_start(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(StartError, match="is a directory"):
        started(tmp_path, overwrite=overwrite)


def test_a_file_that_is_replaced_holds_the_newest_of_every_stream(tmp_path: Path) -> None:
    storage = started(tmp_path, overwrite=True)

    storage.store(one(1, of="metrics"), "metrics")
    storage.store(one(2, of="anomalies"), "anomalies")
    storage.store(one(3, of="metrics"), "metrics")

    lines = (tmp_path / "out").read_text().splitlines()[2:]
    assert lines == ['foo{host="test-host",of="anomalies"} 2', 'foo{host="test-host",of="metrics"} 3']


def test_a_pipe_is_written_to_and_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    storage = LogStorage(output_filename=str(pipe), overwrite=True)
    storage.start(host=Machine(tmp_path).host())
    storage.store(Samples.of([Series.of(Metric("a", "A.", gauge), {}).at(1)]), "metrics")
    storage.stop()

    assert os.read(reader, 4096).endswith(b'a{host="test-host"} 1\n')
    os.close(reader)
    assert pipe.is_fifo()
