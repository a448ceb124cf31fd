"""Documents whose commands are run as they are printed, by somebody who follows them from top to bottom.

A block of the language `console` is a terminal: lines that start with `$ ` are commands, run in order by one bash in
one copy of the checkout; the lines below are what is printed, where `...` stands for any text, and alone on a
line for any lines. A last line `^C` is Ctrl-C; alone in a block it is for what was left running last. A comment in
front of a block may say more about it:

| comment | |
|---|---|
| `<!-- file: NAME -->` | the block is a file of this name, written before what follows is run |
| `<!-- background -->` | its command is left running, while what follows is run |
| `<!-- status: 1 -->` | its commands end with this exit status, and not with 0 |
| `<!-- needs: root, cgroup v2 -->` | run only where that is there; with root by root, for whom `sudo` does nothing |
| `<!-- not run: REASON -->` | cannot be run in a test; counted, and shown with the reason |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"(?:^<!-- (?P<remark>.*?) -->\n+)?^```(?P<language>.*)\n(?P<text>(?:.*\n)*?)^```$", re.MULTILINE)


class DocumentError(AssertionError):
    """What a document prints is not what happens: the place, the command, both outputs."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and what is printed below it."""

    text: str
    printed: list[str]

    @property
    def is_interrupted(self) -> bool:
        return self.printed[-1:] == ["^C"]

    def fits(self, output: str) -> bool:
        """Whether the output is what is printed; nothing printed below a command says nothing about it."""
        wanted = [line for line in self.printed if line != "^C"]
        lines = "".join("(?:.*\n)*" if line == "..." else f"{_pattern(line)}\n" for line in wanted)
        text = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
        return not wanted or re.fullmatch(lines, text) is not None

    def is_printed_by(self, output: str) -> bool:
        """Whether all lines have come, in order, of a command that prints on."""
        lines = iter(output.splitlines())
        wanted = [line for line in self.printed if line not in ("...", "^C")]
        return all(any(re.fullmatch(_pattern(one), line.rstrip()) for line in lines) for one in wanted)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block and the remark in front of it."""

    place: str
    language: str
    text: str
    remark: str = ""

    def said(self, word: str) -> str | None:
        """What a remark says behind this word; None if it does not have it."""
        found = re.fullmatch(rf"{word}(?:: *(.*))?", self.remark)
        return None if found is None else found[1] or ""

    @property
    def needs(self) -> list[str]:
        return re.split(r",\s*", self.said("needs") or "")

    @property
    def commands(self) -> list[Command]:
        commands: list[Command] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:], []))
            elif commands and commands[-1].text.endswith("\\"):
                commands[-1] = Command(f"{commands[-1].text}\n{line}", [])
            elif commands:
                commands[-1].printed.append(line)
            elif line == "^C":
                commands.append(Command("", [line]))
            else:
                raise DocumentError(f"{self.place}: a console block starts with a command: '$ ...'")
        return commands


def blocks_of(file: Path) -> list[Block]:
    """All fenced blocks of a document."""
    text = file.read_text()
    return [
        Block(
            place=f"{file.name}:{text.count(chr(10), 0, found.start('language')) + 1}",
            language=found["language"],
            text=found["text"],
            remark=found["remark"] or "",
        )
        for found in BLOCK.finditer(text)
    ]


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("...")))
