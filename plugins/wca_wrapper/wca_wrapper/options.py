"""The options of `wca wrap`, each in the spelling of the original and with dashes; what they may hold says `settings`.

An option that is not given has no value here: it may stand in the file of `--config`, else `settings` has its default.
"""

from __future__ import annotations

from typing import Annotated

import typer


def _text(name: str, help_text: str, metavar: str) -> object:
    return typer.Option(*_spellings(name), help=help_text, metavar=metavar, show_default=False)


def _spellings(name: str) -> list[str]:
    return list(dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"]))


def _flag(name: str, help_text: str) -> object:
    return typer.Option(*_spellings(name), help=help_text, show_default=False)


Words = Annotated[
    list[str] | None, typer.Argument(metavar="-- COMMAND ARGUMENTS", help="The command, instead of --command.")
]
Command = Annotated[str | None, _text("command", "Command line of the application, split as a shell does.", "TEXT")]
Config = Annotated[
    str | None,
    typer.Option("--config", "-c", metavar="FILE", help="These options from YAML, and `storage`: any storage."),
]
SubprocessShell = Annotated[bool, _flag("subprocess_shell", "Run --command by /bin/sh.")]
Stderr = Annotated[str | None, _text("stderr", "Which stream is parsed: 0 output, 1 errors, both.", "0|1|both")]
Quiet = Annotated[bool, _flag("quiet", "Do not hand on what the application prints.")]
Parser = Annotated[str | None, _text("parser", "Who reads what is printed. Default: default.", "NAME")]
Expression = Annotated[
    str | None,
    _text("regexp", "For the parser default: groups name and value. Default: NAME=NUMBER.", "REGEXP"),
]
Separator = Annotated[
    str | None, _text("separator", "For the parser default: how the end of a block begins.", "REGEXP")
]
Mode = Annotated[str | None, _text("mode", "For tensorflow_benchmark: training or prediction.", "MODE")]
DropTimeLabel = Annotated[bool, _flag("drop_time_label", "For stress_ng: no label with the time.")]
Prefix = Annotated[str | None, _text("metric_name_prefix", "In front of the name of every metric found.", "TEXT")]
Labels = Annotated[str | None, _text("labels", 'Labels of every metric, such as \'{"name": "redis"}\'.', "JSON")]
LogLevel = Annotated[str | None, _text("log_level", "ERROR (default), WARNING, INFO, DEBUG, TRACE.", "LEVEL")]
KafkaBrokers = Annotated[str | None, _text("kafka_brokers", "Send every update to these brokers.", "HOST:PORT,...")]
KafkaTopic = Annotated[str | None, _text("kafka_topic", "Default: wca_apms.", "NAME")]
OutputFile = Annotated[
    str | None, _text("storage_output_filename", "Keep the last values in this file. No output: errors.", "FILE")
]
HttpListen = Annotated[str | None, _text("http_listen", "Serve the last values at /metrics.", "ADDR:PORT")]
Slo = Annotated[float | None, _text("slo", "Service level objective, in the unit of the SLI. Default: none.", "NUMBER")]
SliName = Annotated[str | None, _text("sli_metric_name", "The metric that is the SLI, with its prefix.", "NAME")]
Inverse = Annotated[bool, _flag("inverse_sli_metric_value", "The SLI is 1/value: more is better.")]
LoadName = Annotated[str | None, _text("load_metric_name", "The metric that is the load, or const.", "NAME")]
PeakLoad = Annotated[float | None, _text("peak_load", "The highest load; with --load_metric_name.", "NUMBER")]
Restart = Annotated[str | None, _text("restart", "Start it again: no (default), on-failure, always.", "WHEN")]
RestartDelay = Annotated[float | None, _text("restart_delay", "Before it is started again. Default: 1.", "SECONDS")]
Ttl = Annotated[
    float | None, _text("metrics_ttl", "Forget what is older, in file and page. Default: 0, never.", "SECONDS")
]
Grace = Annotated[
    float | None, _text("grace_period", "Before SIGTERM, and again before SIGKILL. Default: 5.", "SECONDS")
]
StorageFailures = Annotated[
    str | None, _text("storage_failures", "After five attempts: exit (default, with 70), ignore.", "exit|ignore")
]
ParserFailures = Annotated[
    str | None, _text("parser_failures", "If a parser raises: ignore (default), exit (with 71).", "exit|ignore")
]
