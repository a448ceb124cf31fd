"""The pages of docs/reference are what the code says today, and leave nothing out. Else: make reference."""

from __future__ import annotations

import inspect
import re
from enum import Enum
from typing import Annotated

import pytest

import wca_core
from docs.generate.pages import REFERENCE, pages, projects_registry
from docs.generate.python import SECTIONS
from docs.generate.type_words import type_words
from tests.command import wca
from wca_core import hookspecs
from wca_core.config.field_types import Between, FieldCheck, ReadablePath, Regexp, Str
from wca_core.config.signature import parameters_of
from wca_core.dispatch import HOOKS
from wca_core.registry import Offer, load

PAGES = pages()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name], "make reference"


def test_there_is_no_page_that_nothing_generates() -> None:
    assert {path.name for path in REFERENCE.glob("*.md")} == PAGES.keys()


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_every_hook_says_what_happens_if_it_raises(hook: str) -> None:
    text = " ".join((inspect.getdoc(getattr(hookspecs, hook)) or "").split())

    assert "if it raises" in text.lower()
    assert f"### {hook}\n\n```python\ndef {hook}(" in PAGES["hooks.md"]


@pytest.mark.parametrize("offer", projects_registry().offers, ids=lambda offer: offer.class_name)
def test_every_field_of_a_component_stands_in_the_page(offer: Offer) -> None:
    page = PAGES["configuration.md"]
    section = re.split(r"^###? ", page[page.index(f"### !{offer.class_name}") + 4 :], flags=re.MULTILINE)[0]

    cls = load(offer)
    words = (
        [f"`{one.value}`" for one in cls] if issubclass(cls, Enum) else [f"\n| `{one}` |" for one in parameters_of(cls)]
    )
    assert [word for word in words if word not in section] == []


def test_every_name_of_the_contract_stands_once_in_the_page_of_python() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(wca_core.__all__)
    assert [name for name in wca_core.__all__ if PAGES["python.md"].count(f"\n### {name}\n") != 1] == []


def test_every_link_of_the_configuration_page_leads_to_a_section() -> None:
    page = PAGES["configuration.md"]
    headings = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.*)$", page, re.M)}

    assert set(re.findall(r"\]\(#(.*?)\)", page)) <= headings


def commands() -> list[str]:
    return re.findall(r"^## wca(.*)$", PAGES["cli.md"], re.MULTILINE)


def test_every_command_stands_in_the_page() -> None:
    of_wca, _, of_others = wca("--help").stdout.partition("\nCommands:\n")[2].partition("\n\n")
    listed = [line for line in (*of_wca.splitlines(), *of_others.splitlines()[2:]) if re.match(r"  \w", line)]

    assert len(listed) > 3
    assert {line.split()[0] for line in listed} <= {name.split()[0] for name in commands() if name}


@pytest.mark.parametrize("command", commands())
def test_every_option_of_a_command_stands_in_the_page(command: str) -> None:
    """Against what the command itself prints, which another library makes."""
    own = [*re.split(rf"^## wca{command}$", PAGES["cli.md"], flags=re.MULTILINE)]
    section = own[1].split("\n## ")[0]
    printed = wca(*command.split(), "--help").stdout.split("\nOptions:\n")[1]
    declared = {name for line in re.findall(r"^  +(-.*)$", printed, re.MULTILINE) for name in OPTION.findall(line)}

    rows = "".join(re.findall(r"^\| (`.*?`) \| ", section, re.MULTILINE))
    assert set(OPTION.findall(rows)) == declared - {"--help"}


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (bool, "true or false"),
        (int | None, "whole number"),
        (Str, "text"),
        (list[Str] | dict[str, float], "list of texts or mapping of texts to numbers"),
        (ReadablePath, "absolute path of a file that the agent may read"),
        (bool | Regexp, "true or false or regular expression"),
    ],
)
def test_a_type_is_told_in_words(hint: object, words: str) -> None:
    assert type_words(hint, lambda is_wanted: "") == words


def test_bounds_are_told() -> None:
    assert type_words(Annotated[int, Between(1, 9)], lambda is_wanted: "") == "whole number from 1 to 9"
    assert type_words(Annotated[float, Between(0)], lambda is_wanted: "") == "number of 0 or more"


def test_a_check_of_a_plugin_is_told_as_its_author_describes_it() -> None:
    class IsEven(FieldCheck):
        """An even number. And more."""

    assert type_words(Annotated[int, IsEven()], lambda is_wanted: "") == "an even number"


def test_a_type_without_words_is_refused() -> None:
    with pytest.raises(TypeError, match="no words for"):
        type_words("never seen", lambda is_wanted: "")
