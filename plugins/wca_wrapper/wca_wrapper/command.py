"""The command `wca wrap`, also `wca wrapper` and the script `wca-wrapper`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

import typer

from wca_core.cli.options import prepared
from wca_wrapper import options

OWN = ("config",)


def wrap(
    context: typer.Context,
    words: options.Words = None,
    command: options.Command = None,
    config: options.Config = None,
    parser: options.Parser = None,
    regexp: options.Expression = None,
    separator: options.Separator = None,
    stderr: options.Stderr = None,
    subprocess_shell: options.SubprocessShell = False,
    quiet: options.Quiet = False,
    mode: options.Mode = None,
    drop_time_label: options.DropTimeLabel = False,
    metric_name_prefix: options.Prefix = None,
    labels: options.Labels = None,
    sli_metric_name: options.SliName = None,
    slo: options.Slo = None,
    inverse_sli_metric_value: options.Inverse = False,
    load_metric_name: options.LoadName = None,
    peak_load: options.PeakLoad = None,
    storage_output_filename: options.OutputFile = None,
    http_listen: options.HttpListen = None,
    kafka_brokers: options.KafkaBrokers = None,
    kafka_topic: options.KafkaTopic = None,
    metrics_ttl: options.Ttl = None,
    storage_failures: options.StorageFailures = None,
    parser_failures: options.ParserFailures = None,
    restart: options.Restart = None,
    restart_delay: options.RestartDelay = None,
    grace_period: options.Grace = None,
    log_level: options.LogLevel = None,
) -> None:
    """Run an application, and make metrics of what it prints.

    Its output goes on to ours, signals go to it, and its exit code is ours.
    """
    given = {name: value for name, value in context.params.items() if name not in OWN and _is_given(value)}
    with redirect_stdout(sys.stderr), prepared(["error"], None):  # standard output is the application's
        raise typer.Exit(_run(given, config))


def _run(given: dict[str, object], config: str | None) -> int:
    """Raises `WcaError`, which is told by `prepared`."""
    from wca_core import logs
    from wca_wrapper.asked import asked
    from wca_wrapper.making import wrapped
    from wca_wrapper.process import CannotRunError

    order = asked(given, config)
    logs.configure({"wca": order.log_level.lower()})
    try:
        return wrapped(order)
    except CannotRunError as error:
        typer.echo(f"wca wrap: {error}", err=True)
        return error.exit_code


def _is_given(value: object) -> bool:
    """A flag that is not there is false; an empty text is a value."""
    return value is not None and value is not False and value != [] and value != ()
