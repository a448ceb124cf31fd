"""The script `wca-wrapper`, and the old ones for one parser each: `wca-wrapper-ycsb` is `wca wrap --parser ycsb`."""

from __future__ import annotations

import os
import sys

import typer

from wca_wrapper.command import wrap

NAME = "wca-wrapper"


def main() -> None:
    """Which one it is stands in the name it was called by; an option `--parser` goes before that."""
    called = os.path.basename(sys.argv[0])
    _, _, parser = called.partition(f"{NAME}-")
    arguments = [*(["--parser", parser.replace("-", "_")] if parser else []), *sys.argv[1:]]
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    application.command(name=NAME)(wrap)
    application(args=arguments, prog_name=called)
