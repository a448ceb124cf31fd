"""The options of `wca replay`, and what they mean."""

from __future__ import annotations

from typing import Annotated

import typer

File = Annotated[str, typer.Argument(metavar="FILE", help="What `wca record` wrote.")]
Plugins = Annotated[
    str | None, typer.Option(metavar="A,B", help="Detectors and allocators, also beside those of --config.")
]
From = Annotated[
    str, typer.Option("--from", metavar="SECONDS|TIME", help="Since the first step, or 2026-11-21T20:07:43Z (UTC).")
]
Until = Annotated[str | None, typer.Option(metavar="SECONDS|TIME", help="Before this. None: to the end.")]
Speed = Annotated[str, typer.Option(metavar="X|max", help="Multiple of real time.")]
Feedback = Annotated[bool, typer.Option("--feedback", help="What is granted counts as in force from the next step on.")]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON object for each step.")]
WithSamples = Annotated[bool, typer.Option("--samples", help="Also the samples that the plugins give.")]
OnlySummary = Annotated[bool, typer.Option("--summary", help="Only the summary.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Neither summary nor progress.")]
