"""Whether a task is latency critical or best effort: what each label says, and who is asked first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core import ConfigurationError, ContractError, Snapshot, TaskClass, TaskClassRule, hookimpl, plugin
from wca_core.configuration import Configured, Request, configured
from wca_core.model.course import Course
from wca_core.model.metric import Samples
from wca_core.model.task_class import TaskClasses
from wca_core.plan import Plan
from wca_core.testing import GivenTasks, Machine, make_task, whole_binding

BATCH = TaskClassRule(label="tier", pattern="batch|offline", task_class=TaskClass.BEST_EFFORT)
SHOP = TaskClassRule(label="task_name", pattern="shop/.*", task_class=TaskClass.LATENCY_CRITICAL)
QOS = "app_kubernetes_io__qos_class"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({}, "unknown"),
        ({"wca_io__class": "best-effort"}, "best-effort"),
        ({"wca_io_class": "Latency_Critical"}, "latency-critical"),
        ({"wca_io__class": "unknown", QOS: "besteffort"}, "unknown"),
        ({"wca_io__class": "gold", QOS: "besteffort"}, "best-effort"),
        ({"type": "best_efforts", QOS: "guaranteed"}, "best-effort"),
        ({"type": "web"}, "unknown"),
        ({QOS: "besteffort"}, "best-effort"),
        ({QOS: "guaranteed"}, "latency-critical"),
        ({QOS: "burstable"}, "unknown"),
        ({"tier": "batch", "wca_io__class": "latency-critical"}, "best-effort"),
        ({"tier": "batch2"}, "unknown"),
    ],
    ids=str,
)
def test_a_task_is_of_the_class_that_its_labels_say(labels: dict[str, str], told: str) -> None:
    assert TaskClasses([BATCH, SHOP]).of(make_task("/a", labels=labels)) == told


def test_the_first_rule_that_matches_decides() -> None:
    task = make_task("/a", name="shop/cart", labels={"tier": "batch"})

    assert TaskClasses([BATCH, SHOP]).of(task) is TaskClass.BEST_EFFORT
    assert TaskClasses([SHOP, BATCH]).of(task) is TaskClass.LATENCY_CRITICAL


@given(st.dictionaries(st.sampled_from(["wca_io__class", "type", QOS, "tier", "x"]), st.text()))
def test_every_task_is_of_some_class(labels: dict[str, str]) -> None:
    assert TaskClasses([BATCH]).of(make_task("/a", labels=labels)) in TaskClass


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"label": "", "pattern": "a", "task_class": TaskClass.UNKNOWN}, "label"),
        ({"label": "a", "pattern": "(", "task_class": TaskClass.UNKNOWN}, "pattern"),
        ({"label": "a", "pattern": 5, "task_class": TaskClass.UNKNOWN}, "pattern"),
        ({"label": "a", "pattern": "a", "task_class": "best"}, "latency-critical, best-effort, unknown"),
    ],
)
def test_a_rule_that_is_none_is_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        TaskClassRule(**fields)  # type: ignore[arg-type]


def test_a_detector_is_told_by_the_rules_of_its_agent(tmp_path: Path) -> None:
    task, told = make_task("/a", labels={"tier": "batch"}), []

    @plugin(api=1)
    class Asking:
        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            told.append(snapshot.task_class(task))

    bindings = [whole_binding(one) for one in (GivenTasks(tasks=[task]), Asking())]
    agent = Plan(bindings=tuple(bindings), task_classes=(BATCH,)).agent(Machine(tmp_path).host())
    agent.start()
    agent.step()
    agent.stop()

    assert told == [TaskClass.BEST_EFFORT]


RULE = "!TaskClassRule {label: tier, pattern: batch, task_class: best-effort}"
FORMS = {
    "short": f"agent: {{task_classes: [{RULE}]}}\nplugins: {{static: {{tasks: [a]}}}}\n",
    "tree": f"runner: !MeasurementRunner {{node: !StaticNode {{tasks: [a]}}, task_classes: [{RULE}]}}\n",
}


def asked(tmp_path: Path, text: str) -> Configured:
    path = tmp_path / "wca.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return configured(Request(file=str(path)))


@pytest.mark.parametrize("form", FORMS)
def test_both_forms_of_a_configuration_take_rules(tmp_path: Path, form: str) -> None:
    rules = asked(tmp_path, FORMS[form]).plan().task_classes

    (rule,) = rules
    assert (rule.label, rule.pattern, rule.task_class) == ("tier", "batch", TaskClass.BEST_EFFORT)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (RULE.replace("best-effort", "best"), "'latency-critical' or 'best-effort' or 'unknown'"),
        (RULE.replace("pattern: batch", "pattern: '('"), "pattern"),
        (RULE.replace("label: tier, ", ""), "label"),
        ("{tier: batch}", "!TaskClassRule"),
    ],
)
def test_a_rule_that_cannot_be_is_told_with_its_place(tmp_path: Path, rule: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as refused:
        asked(tmp_path, FORMS["short"].replace(RULE, rule))

    assert "wca.yaml:1" in str(refused.value)


def test_a_replay_with_the_same_rules_tells_the_same() -> None:
    task = make_task("/a", labels={"tier": "batch"})
    bare = Snapshot(now=0.0, tasks=[task], samples=Samples())

    snapshot = Course(rules=[BATCH]).follow(bare, {"/a"})

    assert snapshot.task_class(task) is TaskClass.BEST_EFFORT
    assert snapshot.task_classes.rules == (BATCH,)
    assert bare.task_class(task) is TaskClass.UNKNOWN
