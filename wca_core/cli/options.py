"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wca_core.configuration import Configured

log = logging.getLogger("wca.cli")

Config = Annotated[
    str | None,
    typer.Option("--config", "-c", metavar="FILE", help="Configuration file (absolute path). None: see --plugins."),
]
Plugins = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Plugins to run, also beside those of a file. Filled in: local, log, collectors."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PLUGIN.FIELD=VALUE", help="A field of a plugin, or of `agent`; the value is YAML. Repeatable."
    ),
]
Without = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Something that runs unasked, to be left out. Repeatable.")
]
Register = Annotated[
    list[str] | None,
    typer.Option(
        "--register",
        "-r",
        "--component",
        metavar="MODULE:CLASS",
        help="A further class that the file may name. Repeatable.",
    ),
]
LogLevel = Annotated[
    list[str] | None,
    typer.Option(
        "--log-level",
        "-l",
        "--level",
        "--log",
        metavar="[MODULE:]LEVEL",
        help="critical, error, warning, info, debug or trace; for all or one module; over the file. Repeatable.",
    ),
]
LogFormat = Annotated[str, typer.Option(metavar="text|json", help="How log records are written.")]
LogFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Where log records go; opened again on SIGHUP. None: standard output."),
]


def _existing(directory: str) -> str:
    if not os.path.isdir(directory):
        raise typer.BadParameter(f"{directory}: a directory expected")
    return os.path.abspath(directory)


HostRoot = Annotated[
    str,
    typer.Option(
        metavar="DIR", callback=_existing, help="Where the root file system of the machine to measure is seen."
    ),
]
AllowRoot = Annotated[bool, typer.Option("--root", "-0", help="Permit to run as root.")]
Strict = Annotated[
    bool, typer.Option("--strict-config", help="Refuse a file that a group may write or everybody replace.")
]


def refuse_root(*, allowed: bool) -> None:
    """End with 2 for root, who may do harm by mistake, unless that is allowed."""
    if os.geteuid() == 0 and not allowed:
        typer.echo("wca: refusing to run as root; give --root to permit it, or run as another user", err=True)
        raise typer.Exit(2)


def configured(
    config: str | None,
    plugins: str | None,
    overrides: list[str] | None,
    without: list[str] | None,
    strict: bool,
) -> Configured:
    """What these options ask for. Raises `ConfigurationError`."""
    from wca_core.configuration import Request
    from wca_core.configuration import configured as made

    return made(
        Request(
            file=config,
            plugins=tuple(name.strip() for name in (plugins or "").split(",") if name.strip()),
            overrides=tuple(overrides or ()),
            without=tuple(without or ()),
            strict=strict,
        )
    )


@contextmanager
def prepared(
    levels: list[str] | None, register: list[str] | None, log_format: str = "text", log_file: str | None = None
) -> Iterator[dict[str, str]]:
    """Logging set up and classes registered; gives the levels. An error within is logged and ends with exit code 1."""
    from wca_core import logs
    from wca_core.errors import WcaError

    given: dict[str, str] = {}
    try:
        try:
            given = logs.parse_levels(levels or [])
            logs.direct(log_format, log_file)
        finally:
            logs.configure(given)
        from wca_core.registration import register_named

        for value in register or ():
            register_named(value)
        yield given
    except WcaError as error:
        for line in str(error).splitlines():
            log.error("%s", line)
        log.debug("traceback", exc_info=True)
        raise typer.Exit(1) from error
