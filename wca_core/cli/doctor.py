"""`wca doctor`: does this host have what plugins need, and what is to be done? Opens no output, writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import (
    Config,
    HostRoot,
    LogLevel,
    Plugins,
    Register,
    Set,
    Strict,
    Without,
    configured,
    prepared,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wca_core.configuration import Configured
    from wca_core.doctor.examination import Examined
    from wca_core.doctor.report import Report
    from wca_core.host import Host


def doctor(
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    host_root: HostRoot = "/",
    strict_config: Strict = False,
    log_level: LogLevel = None,
) -> None:
    """Hold the needs of plugins against this host, and say what to do.

    Without --config and --plugins: the needs of all that is installed. Run it as the user who runs the agent.
    Ends with 0 if nothing is missing that a plugin requires, else with 1.
    """
    with redirect_stdout(sys.stderr), prepared(log_level or ["warning"], register):
        if config is None and plugins is None and not without:
            report = _of_installed(overrides or [], host_root)
        else:
            report = _of_configured(configured(config, plugins, overrides, without, strict_config), host_root)
        text = json.dumps(report.as_dict(), indent=2) if as_json else _text(report)
    typer.echo(text, color=True)
    raise typer.Exit(0 if report.is_ready else 1)


def _of_installed(overrides: Sequence[str], host_root: str) -> Report:
    from wca_core.doctor.installed import installed
    from wca_core.host import Host

    host = Host(root=host_root)
    return _report(host, [made.examined(host) for made in installed(overrides)])


def _of_configured(asked: Configured, host_root: str) -> Report:
    from wca_core.dispatch import with_contained
    from wca_core.doctor.examination import examine
    from wca_core.host import Host

    host = Host(root=host_root)
    bindings = with_contained(asked.plan().bindings) if asked.has_plan else []
    return _report(host, [examine(binding.name, binding.plugin, host) for binding in bindings])


def _report(host: Host, plugins: list[Examined]) -> Report:
    from wca_core.doctor.machine import facts
    from wca_core.doctor.report import Report

    return Report(host=host.name, root=host.root, plugins=plugins, machine=facts(host))


def _text(report: Report) -> str:
    from wca_core.doctor.text import Style, as_text

    out = sys.__stdout__ or sys.stdout
    is_coloured = out.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((100, 24)).columns
    return as_text(report, Style.for_encoding(out.encoding or "ascii", width, is_coloured=is_coloured))
