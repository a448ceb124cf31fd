"""What may be asked: every option in both spellings, from a file, and what is refused before anything is started."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from wca_wrapper.parsers import parser_names

from plugins.wca_wrapper.tests.running import own, program, stored, wrap

DOCUMENTED = [
    *("command", "subprocess_shell", "stderr", "parser", "regexp", "separator", "metric_name_prefix", "labels"),
    *("log_level", "kafka_brokers", "kafka_topic", "storage_output_filename", "slo", "sli_metric_name"),
    *("inverse_sli_metric_value", "load_metric_name", "peak_load", "http_listen", "config", "restart"),
    *("restart_delay", "metrics_ttl", "quiet", "storage_failures"),
]
PRINTS = program("print('x=4.5 rate=9000')")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "values.prom"


def application(found: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if not name.startswith("wca_wrapper_")}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_option_is_there_in_both_spellings(name: str) -> None:
    text = wrap("--help").stdout.decode()

    assert re.search(rf"--{name}\b", text)
    assert re.search(rf"--{name.replace('_', '-')}\b", text)


def test_prefix_labels_sli_and_load_are_as_asked(file: Path) -> None:
    asked = ["--metric_name_prefix", "app_", "--labels", '{"name": "redis"}', "--slo", "9"]
    asked += ["--sli-metric-name", "app_x"]
    load = ["--load_metric_name", "app_rate", "--peak-load", "12000", "--storage_output_filename", str(file)]

    wrap(*asked, *load, *PRINTS)

    assert application(stored(file)) == {
        "app_x{name=redis}": 4.5,
        "app_rate{name=redis}": 9000,
        "sli{name=redis}": 4.5,
        "slo{name=redis}": 9,
        "sli_normalized{name=redis}": 0.5,
        "load{name=redis}": 9000,
        "peak_load{name=redis}": 12000,
        "load_normalized{name=redis}": 0.75,
    }


def test_an_inverse_sli_and_a_constant_load_are_as_asked(file: Path) -> None:
    asked = ["--sli_metric_name", "x", "--inverse_sli_metric_value", "--load_metric_name", "const", "--peak_load", "7"]

    wrap(*asked, "--storage_output_filename", str(file), *program("print('x=250')"))

    assert application(stored(file)) == {
        "x": 250,
        "sli": 0.004,
        "slo": float("inf"),
        "sli_normalized": 0,
        "load": 7,
        "peak_load": 7,
        "load_normalized": 1,
    }


@pytest.mark.parametrize("text", ['{"a": "b"}', "{'a': 'b'}"])
def test_labels_may_have_single_quotes(file: Path, text: str) -> None:
    wrap("--labels", text, "--storage_output_filename", str(file), *program("print('x=1')"))

    assert application(stored(file)) == {"x{a=b}": 1}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a-b": "c"}', '{"__a": "c"}', "x" * 10])
def test_labels_that_are_none_end_with_1_before_anything_is_started(text: str) -> None:
    ran = wrap("--labels", text, *PRINTS)

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert b"labels" in ran.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--regexp", "("], "regexp '(': a regular expression expected"),
        (["--regexp", "a"], "named groups expected"),
        (["--separator", "*"], "separator '*': a regular expression expected"),
        (["--separator", "*", "--parser", "ycsb"], "separator '*': a regular expression expected"),
        (["--parser", "ycbs"], "did you mean ycsb?"),
        (["--load_metric_name", "x"], "both expected, or neither"),
        (["--peak_load", "5"], "both expected, or neither"),
        (["--load_metric_name", "x", "--peak_load", "0"], "a number above 0 expected, found 0"),
        (["--inverse_sli_metric_value"], "needs sli_metric_name"),
        (["--stderr", "2"], "'0', '1' or 'both'"),
        (["--restart", "sometimes"], "'no', 'on-failure' or 'always'"),
        (["--restart_delay", "-1"], "a number from 0 to 86400 expected"),
        (["--log_level", "LOUD"], "log_level"),
        (["--storage_failures", "cry"], "'exit' or 'ignore'"),
        (["--mode", "training"], "mode: the parser 'default' has no such option"),
        (["--slo", "nan"], "slo"),
        (["--storage_output_filename", "/no/such/directory/file"], "the directory /no/such/directory does not exist"),
        (["--http_listen", "nonsense"], "HOST:PORT"),
        (["--http_listen", "192.0.2.1:1"], "this machine does not have the address"),
        (["--command", "echo"], "either --command '...' or -- COMMAND ARGUMENTS"),
        (["--config", "/no/such/file"], "/no/such/file"),
    ],
)
def test_what_makes_no_sense_ends_with_1_before_anything_is_started(options: list[str], message: str) -> None:
    ran = wrap(*options, *PRINTS)

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert message in ran.stderr.decode()


def test_brokers_need_their_package_and_are_checked() -> None:
    ran = wrap("--kafka_brokers", "localhost:0", *PRINTS)
    is_installed = bool(metadata.entry_points(group="wca.plugins", name="kafka"))

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ("brokers_ips" if is_installed else "it is part of the package wca-kafka") in ran.stderr.decode()


def test_no_command_ends_with_1_and_an_unknown_option_with_2() -> None:
    assert wrap("--parser", "ycsb").returncode == 1
    assert wrap("--command", "").returncode == 1
    assert wrap("--command", "echo 'open").returncode == 1
    assert wrap("--unknown", *PRINTS).returncode == 2


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        (["--command", "echo 'a  b' $HOME"], "a  b $HOME\n"),
        (["--subprocess_shell", "--command", "echo 'a  b' | tr a c"], "c  b\n"),
        (["--subprocess_shell", "--command", "-c \"echo 'a  b' | tr a c\""], "c  b\n"),
        (["--", "echo", "a  b", "--slo", "$HOME"], "a  b --slo $HOME\n"),
    ],
)
def test_a_command_is_split_or_given_to_the_shell(options: list[str], printed: str) -> None:
    assert wrap(*options).stdout.decode() == printed


def test_without_an_output_every_update_goes_to_standard_error_with_timestamps() -> None:
    ran = wrap(*program("print('x=1'); print('x=2')"))

    assert re.findall(r"^x (\S+) \d{13}$", ran.stderr.decode(), re.MULTILINE) == ["1.0", "2.0"]


def test_a_file_has_no_timestamps_and_the_last_value_of_everything(file: Path) -> None:
    wrap("--storage_output_filename", str(file), *program("print('x=1'); print('y=2'); print('x=3')"))

    assert application(stored(file)) == {"x": 3, "y": 2}
    assert re.search(r"^x 3.0$", file.read_text(), re.MULTILINE)
    assert list(file.parent.iterdir()) == [file]


def test_all_options_may_stand_in_a_file_with_any_storage(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.prom"
    config = tmp_path / "wrapper.yaml"
    config.write_text(f"""
command: "{sys.executable} -c 'import sys; print(\\"x=4\\", file=sys.stderr)'"
stderr: 1
labels: {{name: redis}}
slo: .inf
sli_metric_name: x
storage:
- !LogStorage {{output_filename: {wanted}, overwrite: true, filter_labels: [name]}}
- !FilterStorage {{filter: [sli], storages: [!LogStorage {{output_filename: {tmp_path}/sli.prom, overwrite: true}}]}}
""")
    config.chmod(0o600)

    ran = wrap("--config", str(config), "--labels", '{"name": "over"}')

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert own(stored(wanted))  # the last update tells how it ended
    assert (tmp_path / "sli.prom").exists()


def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "wrapper.yaml"
    config.write_text("command: echo\nslos: 5\nslo: fast\n")
    config.chmod(0o600)

    ran = wrap("--config", str(config))

    assert ran.returncode == 1
    assert f"{config}:2:1: wrapper has no field 'slos'" in ran.stderr.decode()
    assert f"{config}:3:6: wrapper.slo" in ran.stderr.decode()


def test_a_command_of_the_command_line_goes_before_that_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "wrapper.yaml"
    config.write_text(json.dumps({"command": "echo file", "parser": "ycsb"}))
    config.chmod(0o600)

    assert wrap("--config", str(config), "--", "echo", "words").stdout == b"words\n"
    assert wrap("--config", str(config)).stdout == b"file\n"


def test_levels_of_the_log_are_those_asked_for() -> None:
    quiet, loud = (wrap(*level, *program("exit(1)")) for level in ([], ["--log_level", "debug"]))

    assert b"INFO" not in quiet.stderr
    assert loud.returncode == 1


def test_wrapper_is_another_name_of_wrap() -> None:
    arguments = [sys.executable, "-c", "from wca_core.cli import main; main()", "wrapper", "--", "echo", "hello"]

    assert subprocess.run(arguments, capture_output=True, check=True).stdout == b"hello\n"


def test_every_parser_of_the_original_has_a_script_of_its_own(tmp_path: Path) -> None:
    scripts = {point.name for point in metadata.entry_points(group="console_scripts") if "wca-wrapper" in point.name}
    named = {f"wca-wrapper-{name.replace('_', '-')}" for name in parser_names()}

    assert scripts - {"wca-wrapper"} <= named
    assert {f"wca-wrapper-{name}" for name in ("ycsb", "mutilate", "rpc-perf", "specjbb", "stress-ng")} <= scripts


def test_a_script_of_a_parser_is_the_wrapper_with_that_parser(tmp_path: Path) -> None:
    file, script = tmp_path / "values.prom", tmp_path / "wca-wrapper-mysql-tpm-gauge"
    script.write_text("import sys\nfrom wca_wrapper.scripts import main\nsys.exit(main())\n")
    command = [sys.executable, str(script), "--storage_output_filename", str(file), "--", "echo", "TPM: 5"]

    subprocess.run(command, check=True, capture_output=True)

    assert application(stored(file)) == {"tpm": 5}
