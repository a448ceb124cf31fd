"""How plugins declare what they look back on, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from wca_core import PluginError, Snapshot, hookimpl, plugin
from wca_core.model.histories import LONGEST, longest_of, looks_back_of
from wca_core.testing import Machine, running


@pytest.mark.parametrize(
    "declared",
    [
        ["task_cycles"],
        {"task cycles": 5.0},
        {"a": 0},
        {"a": -1.0},
        {"a": LONGEST + 1},
        {"a": "5"},
        {"a": True},
        {5: 1.0},
    ],
    ids=repr,
)
def test_a_declaration_that_is_none_is_refused_before_anything_starts(tmp_path: Path, declared: object) -> None:
    @plugin(api=1)
    class Odd:
        looks_back = declared

        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            pass

    with (
        pytest.raises(PluginError, match=r"'odd': looks_back: .* above 0 and at most 86400"),
        running(Machine(tmp_path), [Odd()]),
    ):
        pass


def test_a_plugin_may_declare_by_a_property_what_depends_on_its_fields() -> None:
    @dataclass
    class Configured:
        window: float = 30.0

        @property
        def looks_back(self) -> Mapping[str, float]:
            return {"task_cycles": self.window}

    assert looks_back_of(Configured(45.0), "configured") == {"task_cycles": 45.0}
    assert looks_back_of(Configured, "configured") == {}


def test_a_property_that_raises_is_told_as_the_plugins_fault() -> None:
    class Broken:
        @property
        def looks_back(self) -> Mapping[str, float]:
            raise KeyError("window")

    with pytest.raises(PluginError, match=r"'broken': looks_back: .* raised KeyError"):
        looks_back_of(Broken(), "broken")


def test_of_several_plugins_the_one_that_looks_back_longest_decides() -> None:
    class Near:
        looks_back: ClassVar[Mapping[str, float]] = {"task_cycles": 5, "task_other": 7}

    class Far:
        def __init__(self, seconds: float) -> None:
            self.looks_back = {"task_cycles": seconds}

    assert longest_of([("near", Near()), ("far", Far(60.0))]) == {"task_cycles": 60.0, "task_other": 7.0}
