"""What the process of one examination does: import the class, make its fields, ask, write the answer to a file.

Each line of the answer is an object of JSON, so that what was found before a plugin ended the process is not lost:

| key | |
|---|---|
| `asking` | the name of the check that comes now |
| `verdict` | what it came to |
| `misuse` | why the plugin could not be asked; empty, and the last line, if it was |
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import TextIO

from wca_core.config.build import Builder
from wca_core.config.checking import checked
from wca_core.config.misfit import MisfitsError, UncheckableError
from wca_core.config.overrides import Override, overridden
from wca_core.config.problems import Problems
from wca_core.config.signature import Parameter, parameters_of
from wca_core.config.tree import Mapping as Tree
from wca_core.config.tree import Place
from wca_core.errors import ConfigurationError
from wca_core.plugin_check.targets import Target
from wca_core.registry import Registry
from wca_core.testing import CHECKS, Verdict
from wca_core.testing.conformance.subject import Subject

RELATIVE = ": a file is part of a package if there is an __init__.py beside it; or give module:Class and PYTHONPATH"


def main() -> None:
    """The order comes by standard input. Ends the process at once: threads of the plugin may still run."""
    order = json.load(sys.stdin)
    sys.path[:] = [*order["target"]["folders"], *order["path"]]
    with open(order["answer"], "w") as answer:
        _answer(Target(**order["target"]), order["fields"], answer)
    os._exit(0)


def _answer(target: Target, texts: Sequence[str], answer: TextIO) -> None:
    def tell(key: str, value: object) -> None:
        print(json.dumps({key: value}), file=answer, flush=True)

    def judge(check: str, complaint: str, sentence: str) -> None:
        tell("verdict", asdict(Verdict(check, "broken" if complaint else "kept", complaint, sentence)))

    if target.complaint is not None:
        judge("has_a_name_of_its_own", target.complaint, "Nothing else that is installed has its name.")
    tell("asking", "loads")
    cls, why = _loaded(target)
    judge("loads", why, "The module is imported, and has the class.")
    misuse = ""
    if cls is not None:
        try:
            subject = Subject(cls, _fields(cls, target.name, texts))
            for check in CHECKS:
                tell("asking", check.name)
                tell("verdict", asdict(check.verdict(subject)))
        except ConfigurationError as error:
            misuse = str(error)
    tell("misuse", misuse)


def _loaded(target: Target) -> tuple[type | None, str]:
    """The class, or why there is none."""
    try:
        found: object = importlib.import_module(target.module)
        for name in target.class_path.split("."):
            found = getattr(found, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  raised when imported
        return None, _told(error)
    if not isinstance(found, type):
        return None, f"{target}: a class expected, found a {type(found).__name__}"
    return found, ""


def _told(error: BaseException) -> str:
    """The error, and the line of the plugin that raised it."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not _imports(one.filename)]
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else ""
    return f"{type(error).__name__}: {error}{place}{RELATIVE if 'no known parent package' in str(error) else ''}"


def _imports(filename: str) -> bool:
    """Whether it is the machinery that imports."""
    return filename.startswith("<frozen") or filename == importlib.__file__


def _fields(cls: type, name: str, texts: Sequence[str]) -> dict[str, object]:
    """The fields that were given, as a configuration would give them. Raises `ConfigurationError`."""
    problems, place = Problems(), Place("--set")
    for text in texts:
        if not text.partition("=")[0].strip() or "=" not in text:
            raise ConfigurationError(f"--set {text}: FIELD=VALUE expected, such as --set file=/run/acme.json")
    overrides = [Override.of(f"{name}.{text}") for text in texts]
    tree = overridden({name: Tree(place, None)}, overrides, problems)[name]
    try:
        parameters = parameters_of(cls)
    except (TypeError, ValueError):
        parameters = {}  # one of the checks tells
    missing = [one.name for one in parameters.values() if one.is_required and one.name not in tree.entries]
    if missing:
        options = " ".join(f"--set {field}=VALUE" for field in missing)
        raise ConfigurationError(f"{name} needs {', '.join(missing)} to be examined: {options}")
    builder = Builder(Registry(), problems)
    values = {str(key): builder.made(entry, str(key)) for key, entry in tree.entries.items()}
    if values:
        builder.component(cls, tree, name, name)
    problems.refuse()
    return {field: _checked(value, parameters.get(field)) for field, value in values.items()}


def _checked(value: object, parameter: Parameter | None) -> object:
    """A list where a tuple is wanted is one, and so on."""
    if parameter is None or parameter.lack:
        return value
    try:
        return checked(value, parameter.hint)
    except (MisfitsError, UncheckableError):
        return value


if __name__ == "__main__":
    main()
