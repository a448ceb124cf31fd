"""Writes a package: all of it or nothing, and never over something that is there."""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from string import Template

from wca_core import __version__
from wca_core.errors import ConfigurationError
from wca_core.scaffold.licences import LICENCES
from wca_core.scaffold.names import Names

KINDS = ("detector", "allocator", "collector", "storage", "node")
TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".template"
AUTHOR = re.compile(r"(?P<name>[^<>\x00-\x1f\x7f]*[^<>\x00-\x1f\x7f\s])\s*(<(?P<email>[^<>@\s\"]+@[^<>@\s\"]+)>)?")


@dataclass(frozen=True, slots=True)
class Order:
    """What package is wanted."""

    names: Names
    kind: str
    """One of `KINDS`."""
    licence: str
    """One of `LICENCES`."""
    author: str = ""
    """`Name`, or `Name <email>`."""

    @property
    def words(self) -> dict[str, str]:
        """What the words of templates stand for. Raises `ConfigurationError` for an author who cannot be written."""
        fields, holder = _author(self.author, self.names.package)
        words = {
            "name": self.names.package,
            "module": self.names.module,
            "class_name": self.names.class_name,
            "version": __version__,
            "kind": self.kind,
            "year": str(datetime.date.today().year),
            "holder": holder,
            "author_fields": fields,
            **LICENCES[self.licence].words,
        }
        return words | kind_words(self.kind, words)


def kind_words(kind: str, words: Mapping[str, str]) -> dict[str, str]:
    """What `kind.toml` says of one kind, with these words filled in."""
    table: dict[str, str] = tomllib.loads((TEMPLATES / kind / "kind.toml").read_text(encoding="utf-8"))
    return {key: Template(text).substitute(words) for key, text in table.items()}


def written(order: Order, directory: Path) -> Path:
    """The folder of a new package, below a directory. Raises `ConfigurationError`; then nothing was left or changed."""
    target = directory / order.names.package
    texts = dict(_texts(order))
    _check_empty(target)
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=directory))
        for path, text in texts.items():
            file = temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        temporary.chmod(0o777 & ~_umask())
        os.rename(temporary, target)  # refused if somebody filled it meanwhile
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be made: {error.strerror}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _texts(order: Order) -> Iterator[tuple[PurePath, str]]:
    """Every file of the package, by its path, with its text."""
    words = order.words
    for folder in ("common", order.kind):
        for file in sorted((TEMPLATES / folder).rglob(f"*{SUFFIX}")):
            path = str(file.relative_to(TEMPLATES / folder)).removesuffix(SUFFIX)
            yield PurePath(path.replace("MODULE", order.names.module)), _filled(file, words)
    licence = LICENCES[order.licence].file
    if licence:
        yield PurePath("LICENSE"), _filled(TEMPLATES / "licences" / licence, words)


def _filled(file: Path, words: Mapping[str, str]) -> str:
    text = file.read_text(encoding="utf-8")
    return Template(text).substitute(words) if file.suffix == SUFFIX else text


def _check_empty(target: Path) -> None:
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir() or any(target.iterdir()):
        raise ConfigurationError(f"{target} is there already, and no empty folder: remove it, or give --directory")


def _author(author: str, package: str) -> tuple[str, str]:
    """The line of pyproject.toml, and who holds the copyright."""
    if not author:
        return "", f"The authors of {package}"
    found = AUTHOR.fullmatch(_text(author).strip())
    if found is None:
        raise ConfigurationError(f"--author {author!r}: 'Name' or 'Name <email>' expected, without control characters")
    entries = {key: text for key, text in found.groupdict().items() if text}
    fields = ", ".join(f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in entries.items())
    return f"authors = [{{ {fields} }}]\n", found["name"]


def _text(argument: str) -> str:
    """As it was typed, whatever the locale: bytes that it has no letters for are in the place of letters (PEP 383)."""
    try:
        return argument.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise ConfigurationError(f"--author {argument!r}: UTF-8 expected: {error}") from error


def _umask() -> int:
    """The process's; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def next_steps(order: Order, folder: str, *, is_root: bool) -> list[str]:
    """What to type to install, test and run a package that was just written to a folder; from where we are now."""
    words = order.words
    place = folder if folder.startswith(("/", ".")) else f"./{folder}"
    arguments = words["run_arguments"].replace(f"$PWD/{order.names.package}", _absolute(folder))
    return [
        f"pip install -e {shlex.quote(f'{place}[test]')}",
        f"python -m pytest {shlex.quote(folder)}",
        f"wca run {'--root ' if is_root else ''}{arguments}",
    ]


def _absolute(folder: str) -> str:
    return shlex.quote(folder) if folder.startswith("/") else f"$PWD/{shlex.quote(folder)}"
