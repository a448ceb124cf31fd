"""The command `wca recording`: what a recording holds, and whether it is whole."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import prepared
from wca_core.cli.table import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wca_record.contents import Contents
    from wca_record.step import About


def recording(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A recording")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a recording holds. Reads all of it: ends with 1 if it breaks off or is no recording."""
    with redirect_stdout(sys.stderr), prepared(["warning"], None):
        from wca_record.contents import contents
        from wca_record.reader import open_recording

        opened = open_recording(file)
        found = contents(opened)
        text = json.dumps(_as_dict(opened.about, found), indent=2) if as_json else _text(opened.about, found)
    typer.echo(text)
    raise typer.Exit(1 if found.trouble else 0)


def _as_dict(about: About, found: Contents) -> dict[str, object]:
    return {
        "about": asdict(about),
        "bytes": found.bytes,
        "steps": found.steps,
        "missing_steps": found.missing,
        "undiscovered_steps": found.undiscovered,
        "first": found.first,
        "last": found.last,
        "samples": found.samples,
        "tasks": found.tasks,
        "most_tasks": found.most_tasks,
        "metrics": sorted(found.metrics),
        "allocations": sorted(found.allocations),
        "trouble": found.trouble,
    }


def _text(about: About, found: Contents) -> str:
    """It may be from somebody else: nothing in it reaches the terminal but what can be seen."""
    from wca_core.overview.text import printable

    return aligned([(name, printable(value)) for name, value in _rows(about, found) if value])


def _rows(about: About, found: Contents) -> Iterator[tuple[str, str]]:
    from wca_core.inventory import summary
    from wca_record.progress import duration, size

    yield "host", about.host + (" (names, ids and labels were replaced)" if about.anonymous else "")
    yield "labels", ", ".join(f"{name}={value}" for name, value in about.labels.items() if name != "host")
    yield "machine", summary(found.platform) if found.platform is not None else ""
    yield "wca", f"{about.wca_version}, format {about.format}"
    yield "plugins", ", ".join(about.plugins)
    yield "from", _time(found.first)
    yield "to", _time(found.last)
    missing = f", {found.missing} missing" if found.missing else ""
    missing += f", {found.undiscovered} without discovery" if found.undiscovered else ""
    every = f", every {about.interval:g} s" if about.interval else ""
    yield "steps", f"{found.steps} in {duration(found.seconds)}{every}{missing}"
    yield "tasks", f"{len(found.tasks)}, at most {found.most_tasks} at a time"
    each = f", {found.samples // found.steps} samples a step" if found.steps else ""
    yield "metrics", f"{len(found.metrics)}{each}"
    yield "allocations", ", ".join(sorted(found.allocations))
    of_step = f", {size(found.bytes / found.steps)} a step" if found.steps else ""
    yield "size", f"{size(found.bytes)}{of_step}"
    yield "trouble", found.trouble or ""


def _time(now: float | None) -> str:
    try:
        return "" if now is None else datetime.fromtimestamp(now, UTC).isoformat(sep=" ", timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return f"{now} s"
