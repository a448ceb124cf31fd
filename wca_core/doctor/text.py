"""A report as text for people, in lines no wider than wanted; only what is to be copied is never broken."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wca_core import __version__
from wca_core.doctor.examination import Examined, Verdict
from wca_core.doctor.fact import Fact
from wca_core.doctor.report import Report, ToDo
from wca_core.readiness import Finding, State

NARROWEST = 60

GREEN, RED, YELLOW, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Style:
    """How to write. The marks never stand alone: a word says the same."""

    width: int = 100
    is_coloured: bool = False
    good: str = "✓"
    bad: str = "✗"
    neutral: str = "\N{EN DASH}"

    @classmethod
    def for_encoding(cls, encoding: str, width: int, *, is_coloured: bool) -> Style:
        """With other marks where these cannot be written."""
        style = cls(max(width, NARROWEST), is_coloured)
        try:
            f"{style.good}{style.bad}{style.neutral}".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return cls(style.width, is_coloured, good="+", bad="x", neutral="-")
        return style

    def mark(self, is_good: bool | None) -> str:
        """None: neither good nor bad."""
        sign = {True: self.good, False: self.bad, None: self.neutral}[is_good]
        colour = {True: GREEN, False: RED, None: YELLOW}[is_good]
        return f"{colour}{sign}{PLAIN}" if self.is_coloured else sign

    def lines(self, start: str, text: str, hidden: int = 0) -> Iterator[str]:
        """The text behind a start, further lines below its beginning. `hidden`: what of the start takes no room."""
        indent = len(start) - hidden
        width = max(self.width - indent, NARROWEST // 2)
        first, *rest = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
        yield f"{start}{first}".rstrip()
        yield from (f"{' ' * indent}{line}" for line in rest)


def as_text(report: Report, style: Style) -> str:
    """The whole report."""
    where = report.host if report.root == "/" else f"{report.host}, seen at {report.root}"
    parts = [
        [f"wca {__version__} on {where}"],
        ["MACHINE", *_indented(report.machine, style)],
        ["PLUGINS", *_table(report.plugins, style)],
        *([*_details(plugin, style)] for plugin in report.plugins if plugin.findings or plugin.trouble),
        ["WHAT TO DO", *_to_do(report.to_do, style)],
        [*style.lines("", _summary(report))],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _indented(facts: Iterable[Fact], style: Style) -> Iterator[str]:
    for fact in facts:
        mark = " " if fact.is_good is None else style.mark(fact.is_good or None)
        yield from style.lines(f"  {mark} {fact.topic:<13} ", fact.text, len(mark) - 1)


def _table(plugins: Iterable[Examined], style: Style) -> Iterator[str]:
    listed = [*plugins]
    if not listed:
        yield "  none: this runner has a loop of its own"
        return
    name = max(len(plugin.name) for plugin in listed)
    verdict = max(len(plugin.verdict) for plugin in listed)
    for plugin in listed:
        mark = style.mark({Verdict.READY: True, Verdict.LESS: None, Verdict.UNKNOWN: None}.get(plugin.verdict, False))
        start = f"  {mark} {plugin.name:<{name}}  {plugin.verdict:<{verdict}}  "
        yield from style.lines(start, _counted(plugin), len(mark) - 1)


def _counted(plugin: Examined) -> str:
    """How many needs are met."""
    if plugin.trouble:
        return ""
    asked = [finding for finding in plugin.findings if not finding.requirement.only_with]
    if asked or not plugin.findings:
        return _share(asked) if asked else "needs nothing"
    return f"nothing asked of it; {_share(plugin.findings)} that it would have"


def _share(findings: Sequence[Finding]) -> str:
    met = sum(finding.state is State.MET for finding in findings)
    return f"{met} of {len(findings)} needs met"


def _details(plugin: Examined, style: Style) -> Iterator[str]:
    yield f"{plugin.name}: {plugin.verdict.value}"
    if plugin.trouble:
        yield from style.lines("  ", plugin.trouble)
    for finding in plugin.findings:
        mark, word = _judged(finding, style)
        yield from style.lines(f"  {mark} {word:<9} ", _words(finding), len(mark) - 1)


def _judged(finding: Finding, style: Style) -> tuple[str, str]:
    """The mark of a need, and the word that says the same.

    | | met | missing | unchecked |
    |---|---|---|---|
    | required | met | MISSING | UNCHECKED |
    | not required | met | less | unchecked |
    | of an option that is off | met | off | off |
    """
    if finding.state is State.MET:
        return style.mark(True), "met"
    if finding.requirement.only_with:
        return style.mark(None), "off"
    if finding.is_refusal:
        return style.mark(False), finding.state.value.upper()
    return style.mark(None), "less" if finding.state is State.MISSING else "unchecked"


def _words(finding: Finding) -> str:
    requirement = finding.requirement
    if finding.state is State.MET:
        return requirement.need
    parts = [requirement.need]
    parts += [finding.found] if finding.found else []
    parts += [f"lost without it: {requirement.lost}"] if requirement.lost else []
    parts += [f"matters only with the option {requirement.only_with}"] if requirement.only_with else []
    return "; ".join(parts)


def _to_do(things: Iterable[ToDo], style: Style) -> Iterator[str]:
    number = 0
    for number, thing in enumerate(things, 1):
        yield f"  {number}. {thing.what}"
        for reason in thing.reasons:
            yield from style.lines("     required: " if thing.is_required else "     ", reason)
    if not number:
        yield "  nothing"


def _summary(report: Report) -> str:
    unready = [plugin.name for plugin in report.plugins if not plugin.is_ready]
    if unready:
        return f"NOT READY: {', '.join(unready)} cannot work here."
    less = [plugin.name for plugin in report.plugins if plugin.verdict is Verdict.LESS]
    return f"READY; less than could be from {', '.join(less)}." if less else "READY."
