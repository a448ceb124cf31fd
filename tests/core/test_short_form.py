"""What is filled in where the short form names nothing; a truth table of `filled_in`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from wca_core.config.tree import Mapping, Place
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.registry import Registry
from wca_core.runners import COLLECTORS
from wca_core.short_form import filled_in
from wca_core.testing import Machine


def filled(named: Sequence[str], without: Sequence[str] = (), *, is_bare: bool = False) -> set[str]:
    """The names of those filled in, without the collectors."""
    registry = Registry()
    fields = {name: Mapping(Place(name), None) for name in named}
    classes = {name: registry.load_plugin(name) for name in named}
    return set(filled_in(fields, classes, without, is_bare=is_bare)) - {*COLLECTORS, *named}


@pytest.mark.parametrize(
    ("named", "without", "is_bare", "expected"),
    [
        ([], [], True, {"local", "prometheus", "live"}),
        ([], ["prometheus"], True, {"local", "live"}),
        ([], ["live"], True, {"local", "prometheus"}),
        ([], ["prometheus", "live"], True, {"local", "log"}),
        ([], [], False, {"local", "log"}),
        (["static"], [], False, {"log"}),
        (["log"], [], False, {"local"}),
        (["live"], [], False, {"local"}),
        (["prometheus", "static"], [], False, set()),
    ],
)
def test_what_is_filled_in(named: list[str], without: list[str], is_bare: bool, expected: set[str]) -> None:
    assert filled(named, without, is_bare=is_bare) == expected


def test_what_would_not_run_cannot_be_left_out() -> None:
    with pytest.raises(ConfigurationError, match=r"--without live: it would not run; cgroup, .*self would, unasked"):
        filled(["static"], ["live"])


def test_storages_that_nobody_named_are_known_as_such() -> None:
    asked = configured(Request(plugins=("static",), overrides=("static.tasks=[a]",)))

    assert {one.name for one in asked.plan().bindings if not one.is_default} == {"static"}


def test_the_files_that_stay_open_may_be_limited(tmp_path: Path) -> None:
    asked = configured(Request(plugins=("static", "log"), overrides=("static.tasks=[]", "agent.max_open_files=7")))
    host = Machine(tmp_path).cgroup_v2("/a", {}).host()

    asked.plan().agent(host)

    assert host.open_files.maximum == 7
