"""The application in the hands of the wrapper: output, exit codes, signals, ends."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from plugins.wca_wrapper.tests.running import own, program, stored, wrap, wrapping
from tests.cgroups import wait_until

SOON = ("--grace_period", "0.3")


def read_line(stream: object) -> str:
    return stream.readline().decode().strip()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_code_is_that_of_the_application(code: int) -> None:
    assert wrap("--quiet", *program(f"import sys; sys.exit({code})")).returncode == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_an_application_ended_by_a_signal_gives_128_and_its_number(number: int) -> None:
    ran = wrap(*program(f"import os; os.kill(os.getpid(), {number})"))

    assert ran.returncode == 128 + number


def test_a_command_that_is_not_there_gives_127_and_one_that_cannot_run_126(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("no program")

    missing, forbidden = wrap("--", "/no/such/command"), wrap("--", str(script))

    assert (missing.returncode, forbidden.returncode) == (127, 126)
    assert missing.stderr == b"wca wrap: cannot start '/no/such/command': No such file or directory\n"


def test_both_streams_are_handed_on_and_the_output_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    text = "import sys; print('x=1'); print('y=2', file=sys.stderr)"

    ran = wrap("--storage_output_filename", str(file), *program(text))

    assert (ran.stdout, ran.stderr) == (b"x=1\n", b"y=2\n")
    assert {"x", "y"} & stored(file).keys() == {"x"}


@pytest.mark.parametrize(
    ("chosen", "out", "err", "found"),
    [("0", b"x=1\n", b"y=2\n", {"x"}), ("1", b"y=2\n", b"x=1\n", {"y"}), ("both", b"x=1\n", b"y=2\n", {"x", "y"})],
)
def test_the_stream_that_is_parsed_goes_to_standard_output(
    tmp_path: Path, chosen: str, out: bytes, err: bytes, found: set[str]
) -> None:
    file = tmp_path / "values.prom"
    text = "import sys; print('x=1'); print('y=2', file=sys.stderr)"

    ran = wrap("--stderr", chosen, "--storage_output_filename", str(file), *program(text))

    assert (ran.stdout, ran.stderr) == (out, err)
    assert {"x", "y"} & stored(file).keys() == found


def test_quiet_hands_nothing_on(tmp_path: Path) -> None:
    text = "import sys; print('x=1'); print('y=2', file=sys.stderr)"

    ran = wrap("--quiet", "--storage_output_filename", str(tmp_path / "values.prom"), *program(text))

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_an_application_that_fills_the_stream_that_is_not_parsed_is_not_blocked(tmp_path: Path) -> None:
    text = "import sys; sys.stderr.write('x' * (3 << 20)); print('x=1')"

    ran = wrap("--storage_output_filename", str(tmp_path / "values.prom"), *program(text))

    assert (ran.returncode, ran.stdout, len(ran.stderr)) == (0, b"x=1\n", (3 << 20) + 1)


def test_progress_that_is_shown_in_one_place_is_parsed_and_handed_on_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"

    ran = wrap("--storage_output_filename", str(file), *program(r"print('x=1\rx=2\rx=3\r', end='')"))

    assert ran.stdout == b"x=1\rx=2\rx=3\r"
    assert stored(file)["x"] == 3
    assert own(stored(file))["lines"] == 3


def test_a_last_line_without_end_and_an_unfinished_block_count(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"

    wrap("--separator", "---", "--storage_output_filename", str(file), *program("print('x=1\\ny=2', end='')"))

    assert {name: stored(file).get(name) for name in "xy"} == {"x": 1, "y": 2}


def test_binary_garbage_costs_nothing_but_itself(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    text = "import os, sys; os.write(1, os.urandom(1 << 20) + b'\\nx=1\\n')"

    ran = wrap("--storage_output_filename", str(file), *program(text))

    assert ran.returncode == 0
    assert stored(file)["x"] == 1


def test_an_application_whose_output_ends_early_has_time_to_end_itself(tmp_path: Path) -> None:
    text = "import os, time; print('x=1'); os.close(1); time.sleep(0.5); os._exit(7)"

    assert wrap(*program(text)).returncode == 7


def test_an_application_that_does_not_end_after_its_output_is_ended() -> None:
    text = "import os, time; print('x=1', flush=True); os.close(1); time.sleep(600)"

    assert wrap(*SOON, *program(text)).returncode == 128 + signal.SIGTERM


def test_one_that_ignores_sigterm_is_killed() -> None:
    text = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.close(1)
        time.sleep(600)
    """

    assert wrap(*SOON, *program(text)).returncode == 128 + signal.SIGKILL


def test_an_end_marker_ends_like_the_end_of_the_output(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    text = "import time; print('TPM: 5'); print('end'); print('TPM: 6', flush=True); time.sleep(600)"

    ran = wrap(*SOON, "--parser", "mysql_tpm_gauge", "--storage_output_filename", str(file), *program(text))

    assert ran.returncode == 128 + signal.SIGTERM
    assert stored(file)["tpm"] == 5
    assert ran.stdout == b"TPM: 5\nend\nTPM: 6\n"


def test_what_an_application_leaves_behind_is_ended_with_it() -> None:
    text = """
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("pid", child.pid)
        os._exit(3)
    """

    ran = wrap(*SOON, *program(text))
    pid = int(ran.stdout.split()[1])

    assert ran.returncode == 3
    wait_until(lambda: is_gone(pid), "what was left behind still runs")


def is_gone(pid: int) -> bool:
    """Also a zombie: who is to reap it may be busy."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_to_the_application_and_its_exit_code_comes_back(number: int) -> None:
    text = f"""
        import signal, sys, time
        signal.signal({int(number)}, lambda *_: sys.exit(9))
        print("ready")
        time.sleep(600)
    """
    with wrapping(*program(text)) as process:
        assert read_line(process.stdout) == "ready"

        process.send_signal(number)

        assert process.wait(30) == 9


def test_a_signal_reaches_the_whole_group() -> None:
    with wrapping("--subprocess_shell", "--command", "(echo ready; sleep 600) | cat; echo $?") as process:
        assert read_line(process.stdout) == "ready"

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT])
def test_other_signals_are_handed_on_and_end_nothing(number: int) -> None:
    text = f"""
        import signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [{int(number)}])
        print("ready")
        signal.sigwait([{int(number)}])
        print("heard")
        sys.exit(5)
    """
    with wrapping(*program(text)) as process:
        assert read_line(process.stdout) == "ready"

        process.send_signal(number)

        assert read_line(process.stdout) == "heard"
        assert process.wait(30) == 5


def test_one_that_ignores_what_it_is_sent_is_killed_in_the_end() -> None:
    text = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(600)"
    with wrapping(*SOON, *program(text)) as process:
        assert read_line(process.stdout) == "ready"

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 128 + signal.SIGKILL


def test_an_application_goes_on_though_nobody_reads_our_output(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    text = "import time\nfor n in range(5):\n    print(f'x={n}'); time.sleep(0.05)"
    with wrapping("--storage_output_filename", str(file), *program(text)) as process:
        assert process.stdout is not None
        process.stdout.close()

        assert process.wait(30) == 0
    assert stored(file)["x"] == 4


def test_who_reads_our_output_slowly_still_gets_all_of_it(tmp_path: Path) -> None:
    done = tmp_path / "done"
    text = f"print('y' * 120_000); open({str(done)!r}, 'w')"
    quick = ("--grace_period", "0.1", "--storage_output_filename", str(tmp_path / "values.prom"))
    with wrapping(*quick, *program(text)) as process:
        wait_until(done.exists, "the application does not end")
        time.sleep(1)  # three times as long as an application has to end

        assert process.stdout is not None
        assert len(process.stdout.read()) == 120_001
        assert process.wait(30) == 0


def test_an_application_may_read_our_standard_input() -> None:
    assert wrap(*program("print(input()[::-1])"), stdin=b"abc\n").stdout == b"cba\n"


def test_a_failing_application_is_started_again_until_it_succeeds(tmp_path: Path) -> None:
    runs, file = tmp_path / "runs", tmp_path / "values.prom"
    text = f"""
        import sys
        with open({str(runs)!r}, "a+") as file:
            file.write("x"); file.seek(0); count = len(file.read())
        print(f"run={{count}}")
        sys.exit(0 if count == 3 else 1)
    """
    delay = ("--restart", "on-failure", "--restart_delay", "0.05")

    ran = wrap(*delay, "--storage_output_filename", str(file), *program(text))

    assert (ran.returncode, ran.stdout) == (0, b"run=1\nrun=2\nrun=3\n")
    assert stored(file)["run"] == 3
    assert own(stored(file))["lines"] == 3


def test_one_that_is_always_started_again_ends_with_a_signal() -> None:
    with wrapping("--restart", "always", "--restart_delay", "0", *program("print('run')")) as process:
        assert [read_line(process.stdout) for _ in range(3)] == ["run"] * 3

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) in (0, 128 + signal.SIGTERM)


def test_a_failing_application_is_not_started_again_unasked() -> None:
    assert wrap(*program("print('run'); exit(1)")).stdout == b"run\n"


def test_the_application_is_in_a_group_of_its_own_and_has_no_signals_blocked() -> None:
    ran = wrap(*program("import os; print(os.getpid() == os.getpgrp()); print(open('/proc/self/status').read())"))

    assert ran.stdout.startswith(b"True\n")
    assert b"SigBlk:\t0000000000000000" in ran.stdout


def test_own_numbers_tell_of_the_run(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"

    wrap("--parser", "mutilate", "--storage_output_filename", str(file), *program("print('read 1 2\\nx'); exit(4)"))

    assert own(stored(file)) == {
        "up": 1,
        "lines": 2,
        "parse_errors": 1,
        "dropped_lines": 0,
        "dropped_updates": 0,
        "child_exit_code": 4,
    }


def test_a_signal_ends_us_though_nobody_reads_what_is_to_be_handed_on(tmp_path: Path) -> None:
    full = tmp_path / "full"
    text = f"print('y' * 60_000); open({str(full)!r}, 'w'); print('line\\n' * 200_000)"
    quick = ("--grace_period", "0.1", "--storage_output_filename", str(tmp_path / "values.prom"))
    with wrapping(*quick, *program(text)) as process:
        wait_until(full.exists, "the application does not begin")

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 128 + signal.SIGTERM
