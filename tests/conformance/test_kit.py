"""The kit itself: verdicts, tests, fields that are made anew, and what a plugin that keeps everything is told."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import SkipTest

import pytest

from tests.conformance.broken_classes import WithThreshold
from tests.conformance.broken_guests import Exiting
from tests.conformance.good_detector import Detector
from wca_core.builtin.log_storage import LogStorage
from wca_core.plugin_api import hooks_of
from wca_core.testing import CHECKS, conformance, examine
from wca_core.testing.conformance.subject import Subject

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/test-a-plugin.md"


def test_a_plugin_that_keeps_everything_is_told_of_nothing() -> None:
    verdicts = examine(Detector, {})

    assert [one for one in verdicts if one.state == "broken"] == []
    assert len(verdicts) == len(CHECKS)
    assert sum(one.state == "kept" for one in verdicts) > 50


def test_a_class_of_tests_has_one_for_each_check_of_its_hooks() -> None:
    tests = conformance(Detector)

    for_detectors = {f"test_{one.name}" for one in CHECKS if not one.hooks or hooks_of(Detector) & {*one.hooks}}
    assert {name for name in vars(tests) if name.startswith("test_")} == for_detectors
    assert {"test_survives_no_task", "test_has_a_hook"} < for_detectors
    assert tests().test_has_a_hook.__doc__ == "At least one method is marked with `@hookimpl`."


def test_a_check_with_nothing_to_ask_is_skipped_with_the_reason() -> None:
    test = conformance(Detector)().test_names_a_field_that_is_missing

    with pytest.raises(SkipTest, match="no field of Detector was given"):
        test()


def test_checks_of_hooks_that_a_plugin_lacks_are_no_tests_but_verdicts() -> None:
    left_out = {one.name for one in CHECKS if "store" in one.hooks and "detect" not in one.hooks}

    verdicts = {one.check: one for one in examine(Detector)}

    assert not {f"test_{name}" for name in left_out} & vars(conformance(Detector)).keys()
    assert {verdicts[name].detail for name in left_out} == {"not asked, because Detector has no hook store"}


def test_a_field_that_is_a_function_is_made_anew_in_a_folder_of_its_own(tmp_path: Path) -> None:
    subject = Subject(LogStorage, {"output_filename": lambda folder: str(folder / "a"), "overwrite": lambda: True})

    (tmp_path / "one").mkdir()
    given = subject.given(tmp_path / "one")

    assert given == {"output_filename": f"{tmp_path}/one/a", "overwrite": True}


def test_a_field_that_nobody_gave_is_named_with_the_line_to_write() -> None:
    from wca_core.builtin.static_node import StaticNode

    verdicts = {one.check: one for one in examine(StaticNode, {})}

    assert verdicts["survives_no_task"].state == "not asked"
    assert "conformance(StaticNode, tasks=...)" in verdicts["survives_no_task"].detail


def test_what_one_check_tells_the_others_do_not_repeat() -> None:
    states = {one.check: one.state for one in examine(Exiting, {})}

    assert states["survives_even_times"] == "broken"
    assert states["does_not_end_the_process"] == "broken"
    assert states["prints_nothing"] == "not asked"


def test_the_page_tells_what_each_check_holds_in_its_own_words() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE))

    assert rows == {check.name: check.sentence for check in CHECKS}


def test_fields_are_made_from_yaml_as_a_configuration_makes_them() -> None:
    verdicts = {one.check: one.state for one in examine(WithThreshold, {"threshold": 2.5})}

    assert verdicts["is_made_from_yaml"] == "kept"
    assert verdicts["refuses_a_value_of_a_wrong_type"] == "kept"
