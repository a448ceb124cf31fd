"""For each check a plugin that does not keep it, and what its author is told."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from tests.conformance import (
    broken_classes,
    broken_guests,
    broken_parts,
    broken_samples,
    broken_state,
    broken_survivors,
    good_detector,
)
from wca_core.registry import PLUGINS, Registry
from wca_core.testing import CHECKS
from wca_core.testing.conformance.subject import Subject

BROKEN = {
    "declares_its_api": ("WithoutApi", "put @plugin(api=1)"),
    "has_a_hook": ("WithoutHook", "has no hook"),
    "has_only_hooks_that_exist": ("WithUnknownHook", "did you mean detect?"),
    "marks_every_hook": ("WithoutMark", "stop is named like a hook"),
    "takes_arguments_that_exist": ("WithUnknownArgument", "takes snapshots"),
    "waits_for_nothing_asynchronous": ("Asynchronous", "is asynchronous"),
    "is_itself_and_no_other": ("Equal", "eq=False"),
    "looks_back_on_metrics_for_seconds": ("LookingBackForEver", "-1.0"),
    "has_fields_that_can_be_read": ("WithoutSignature", "__init__"),
    "says_the_type_of_each_field": ("WithoutType", "field threshold"),
    "is_made_without_doing_anything": ("BusyInTheMaking", "do that in `start`"),
    "refuses_a_field_that_does_not_exist": ("TakingAnything", "no_such_field"),
    "refuses_a_value_of_a_wrong_type": ("OfAnyType", "field threshold takes whatever"),
    "describes_metrics_before_it_starts": ("DescribingText", "a Metric expected"),
    "describes_each_metric_once": ("DescribingTwice", "broken_one 2 times"),
    "describes_the_same_twice": ("DescribingAnew", "broken_2"),
    "describes_no_metric_otherwise_than_others": ("DescribingOtherwise", "cgroup describes it as counter"),
    "names_what_it_needs_and_how_to_get_it": ("NeedingWithoutCure", "a cure in words"),
    "asks_a_machine_whether_its_needs_are_met": ("NeedingPerhaps", "'perhaps'"),
    "yields_what_its_hooks_may_yield": ("Texting", "'an anomaly'"),
    "yields_a_value_for_each_series_of_a_block": ("Uneven", "1 series and 2 values"),
    "yields_only_samples_that_it_describes": ("Undescribed", "broken_secret"),
    "yields_finite_numbers": ("Infinite", "inf"),
    "yields_each_series_once_a_step": ("Doubling", "twice in a step"),
    "labels_samples_with_text": ("NumberAsLabel", "'cpu'=1"),
    "yields_samples_of_known_tasks": ("Remembering", "a task that is not there"),
    "counts_upwards": ("Falling", "is it a gauge?"),
    "finds_anomalies_of_known_tasks": ("Nobody", "names 'nobody'"),
    "suspects_others_than_the_victim": ("SuspectingTheVictim", "suffers from"),
    "wishes_for_known_tasks": ("ForNobody", "for 'nobody'"),
    "wishes_each_resource_of_a_task_once": ("Undecided", "0.5 and 0.6"),
    "wishes_values_that_its_type_can_have": ("Unbounded", "found 200"),
    "discovers_tasks_with_ids_of_their_own": ("Twins", "'twin'"),
    "discovers_tasks_with_cgroups_of_their_own": ("OneCgroup", "one and two have the same cgroup /a"),
    "discovers_the_same_twice": ("NewEachTime", "task-2"),
    "stores_each_stream": ("OnlyMetrics", "KeyError"),
    "stores_nothing": ("NeverEmpty", "IndexError"),
    "stores_very_much": ("Small", "AssertionError"),
    "stores_odd_labels": ("AsciiOnly", "umlauts"),
    "stores_all_numbers": ("SmallNumbers", "OverflowError"),
    "leaves_stored_samples_as_they_are": ("Emptying", "copy them first"),
    "says_that_it_stores_locally_by_yes_or_no": ("LocalPerhaps", "found 'yes'"),
    "reads_allocations_of_known_tasks": ("TellingTwice", "twice"),
    "reads_the_very_same_allocation_again": ("TellingAnew", "anew"),
    "answers_wishes_that_it_was_asked": ("AnsweringUnasked", "unasked"),
    "only_reads_while_it_plans": ("WritingWhilePlanning", "cpu.max while it planned"),
    "plans_writes_of_the_changes": ("PlanningText", "gave a str without kind"),
    "plans_the_same_again": ("PlanningOtherwise", "cpu.max.burst"),
    "undoes_what_it_writes": ("PlanningForGood", "after `undo`"),
    "remembers_its_writes": ("PlanningUnknownKinds", "'conformance-broken'"),
    "plans_for_a_task_that_is_gone": ("NeedingTheCgroup", "FileNotFoundError"),
    "survives_even_times": ("AtOdds", "KeyError: 'always'"),
    "survives_trouble": ("Upset", "'disturbed'"),
    "survives_no_task": ("NeedingTasks", "ValueError"),
    "survives_a_thousand_tasks": ("OnlyAHundred", "AssertionError"),
    "survives_tasks_that_come_and_go": ("KnowingOnlyTheFirst", "KeyError: 'new-"),
    "survives_a_task_that_changed": ("KnowingNames", "AssertionError"),
    "survives_a_cgroup_that_is_gone": ("AllOrNothing", "gave nothing once one of five cgroups was gone"),
    "survives_missing_measurements": ("NeedingEverySample", "TypeError"),
    "survives_counters_that_start_again": ("NeedingEveryRate", "AssertionError"),
    "survives_zeros": ("Dividing", "ZeroDivisionError"),
    "survives_huge_numbers": ("Squaring", "OverflowError"),
    "survives_time_that_stands_still": ("DividingByTime", "ZeroDivisionError"),
    "survives_a_wall_clock_that_jumps_back": ("TrustingTheClock", "AssertionError"),
    "survives_an_unknown_platform": ("NeedingThePlatform", "AttributeError"),
    "survives_a_machine_without_files": ("NeedingFiles", "FileNotFoundError"),
    "survives_odd_names": ("OnlyAscii", "UnicodeEncodeError"),
    "stops_without_having_started": ("Closing", "AttributeError"),
    "stops_twice": ("ClosingOnce", "AttributeError"),
    "starts_again_after_it_stopped": ("StartingOnce", "after a second start detect gives nothing"),
    "gives_its_threads_back": ("NeverEnding", "never-ending"),
    "gives_its_open_files_back": ("NeverClosing", "/stat"),
    "gives_the_same_for_the_same": ("Rolling", "two fresh instances"),
    "shares_no_state_with_other_instances": ("SharingBehind", "because another one was in use"),
    "shares_no_container_with_other_instances": ("DefaultingToOneList", "share one list as limits"),
    "leaves_its_class_as_it_was": ("Sharing", "Sharing.seen"),
    "changes_nothing_that_it_is_given": ("Sorting", "changed the values"),
    "writes_no_file": ("Writing", "/dev/shm/wca-conformance-broken"),
    "leaves_the_files_of_the_machine": ("WritingToCgroups", "cpu.weight"),
    "reads_the_machine_that_it_is_given": ("AtHome", "/proc/uptime"),
    "runs_no_other_program": ("Running", "subprocess.Popen"),
    "sends_no_signal": ("Signalling", "os.kill"),
    "changes_no_limit_and_no_environment": ("Setting", "WCA_BROKEN"),
    "asks_nobody_at_the_terminal": ("Asking", "standard input"),
    "does_not_end_the_process": ("Exiting", "SystemExit"),
    "leaves_signals_to_the_agent": ("Handling", "SIGUSR2"),
    "leaves_logging_to_the_agent": ("Loud", "logger wca"),
    "leaves_the_process_as_it_was": ("Moving", "the file mask"),
    "prints_nothing": ("Printing", "found nothing"),
    "takes_time_in_proportion_to_the_tasks": ("Pairing", "ms of CPU"),
    "takes_memory_in_proportion_to_the_tasks": ("KeepingPairs", "for each pair"),
    "keeps_no_more_from_step_to_step": ("Hoarding", "bytes more after each step"),
    "forgets_tasks_that_are_gone": ("NeverForgetting", "for each task gone"),
    "waits_for_nobody": ("Sleeping", "detect waits 0."),
}
WITH_FIELDS: dict[str, tuple[str, dict[str, object], str]] = {
    "is_made_from_yaml": ("WithThreshold", {"threshold": "high"}, "cannot be made of this YAML"),
    "names_a_field_that_is_missing": ("Speechless", {"needed": 1.0}, "needed was left out"),
}
MODULES = (broken_classes, broken_guests, broken_parts, broken_samples, broken_state, broken_survivors)
BY_NAME = {check.name: check for check in CHECKS}


def class_of(name: str) -> type:
    found: type = next(vars(module)[name] for module in MODULES if name in vars(module))
    return found


@pytest.mark.parametrize("check", BROKEN)
def test_a_check_tells_of_a_plugin_that_does_not_keep_it(check: str) -> None:
    name, word = BROKEN[check]

    verdict = BY_NAME[check].verdict(Subject(class_of(name)))

    assert verdict.state == "broken", verdict
    assert name in verdict.detail or "Nobody" in name
    assert word in verdict.detail


@pytest.mark.parametrize("check", WITH_FIELDS)
def test_a_check_tells_of_fields_that_are_not_as_they_should_be(check: str) -> None:
    name, fields, word = WITH_FIELDS[check]

    verdict = BY_NAME[check].verdict(Subject(class_of(name), fields))

    assert (verdict.state, word in verdict.detail) == ("broken", True), verdict


def test_a_list_of_anomalies_that_an_allocator_empties_is_told() -> None:
    verdict = BY_NAME["changes_nothing_that_it_is_given"].verdict(Subject(broken_state.Clearing))

    assert (verdict.state, "changed the anomalies" in verdict.detail) == ("broken", True), verdict


def test_who_asks_at_the_terminal_and_catches_whatever_comes_of_it_is_told_all_the_same() -> None:
    verdict = BY_NAME["asks_nobody_at_the_terminal"].verdict(Subject(broken_guests.AskingInVain))

    assert (verdict.state, "take a field instead" in verdict.detail) == ("broken", True), verdict


def test_a_process_that_no_audit_hook_tells_of_is_told_all_the_same() -> None:
    verdict = BY_NAME["runs_no_other_program"].verdict(Subject(broken_guests.Spawning))

    assert (verdict.state, "a process was started" in verdict.detail) == ("broken", True), verdict


def test_a_name_that_another_package_has_claimed_is_told() -> None:
    subject = Subject(good_detector.Detector)
    own = f"{good_detector.__name__}:Detector"
    points = [EntryPoint("mine", own, PLUGINS), EntryPoint("mine", "wca_core.builtin.nop:NOPAllocator", PLUGINS)]
    subject.__dict__["registry"] = Registry(points)

    verdict = BY_NAME["is_found_by_its_name"].verdict(subject)

    assert verdict.state == "broken"
    assert "two packages offer a plugin named 'mine'" in verdict.detail


def test_there_is_a_broken_plugin_for_every_check() -> None:
    assert set(BY_NAME) - {"is_found_by_its_name"} == {*BROKEN, *WITH_FIELDS}
