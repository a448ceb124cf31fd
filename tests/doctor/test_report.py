"""What the doctor makes of what it found: verdicts, what to do, text and JSON."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wca_core import Requirement, StartError, hookimpl, plugin
from wca_core.doctor.examination import Examined, Verdict, examine
from wca_core.doctor.fact import Fact
from wca_core.doctor.report import Report
from wca_core.doctor.text import Style, as_text
from wca_core.host import Host
from wca_core.testing import Machine, run_step

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to/check-a-host.md"
SCHEMA = json.loads((DOCS / "reference/doctor.schema.json").read_text())


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Needy:
    needs: list[Any] = field(default_factory=list)

    @hookimpl
    def requirements(self) -> Iterable[Any]:
        yield from self.needs


@plugin(api=1)
class Content:
    @hookimpl
    def stop(self) -> None: ...


def need(*, is_met: bool = False, **fields: Any) -> Requirement:
    return Requirement(**{"need": "a flux compensator", "is_met": lambda _: is_met, "cure": "buy one", **fields})


def raising() -> Requirement:
    return Requirement(need="luck", is_met=lambda _: bool(1 // 0), cure="wait")


def looked_at(*needs: object, name: str = "needy") -> Examined:
    return examine(name, Needy(needs=[*needs]), Host())


def report(*plugins: Examined, machine: Iterable[Fact] = ()) -> Report:
    return Report(host="test-host", root="/", plugins=plugins, machine=[*machine])


@pytest.mark.parametrize(
    ("needs", "verdict", "is_ready"),
    [
        ([], Verdict.READY, True),
        ([need(is_met=True)], Verdict.READY, True),
        ([need()], Verdict.REFUSED, False),
        ([need(required=False)], Verdict.LESS, True),
        ([need(only_with="option")], Verdict.READY, True),
        ([need(required=False), need()], Verdict.REFUSED, False),
        ([raising()], Verdict.REFUSED, False),
        (["words"], Verdict.BROKEN, False),
    ],
    ids=["none", "met", "missing", "optional", "option off", "both", "raises", "no requirement"],
)
def test_the_verdict_is_that_of_the_worst_need(needs: list[object], verdict: Verdict, is_ready: bool) -> None:
    found = looked_at(*needs)

    assert (found.verdict, found.is_ready, report(found).is_ready) == (verdict, is_ready, is_ready)


def test_a_check_that_raises_is_told_as_such() -> None:
    (finding,) = looked_at(raising()).findings

    assert finding.found == "could not be checked: ZeroDivisionError: integer division or modulo by zero"
    assert finding.cure == "wait"


def test_words_that_raise_cost_only_themselves() -> None:
    def boom(host: Host) -> str:
        raise RuntimeError("boom")

    (cured, found) = looked_at(need(cure=boom), need(found=boom)).findings

    assert cured.cure == "what to do could not be found out: RuntimeError: boom"
    assert found.found == "could not be checked: RuntimeError: boom"


def test_a_plugin_that_raises_when_asked_is_told_and_not_ready() -> None:
    class Broken(Needy):
        @hookimpl
        def requirements(self) -> Iterable[Any]:
            raise SystemExit("boom")

    found = examine("broken", Broken(), Host())

    assert (found.verdict, found.trouble, found.is_ready) == (Verdict.BROKEN, "SystemExit: boom", False)


def test_a_plugin_without_the_hook_needs_nothing() -> None:
    assert examine("content", Content(), Host()).verdict is Verdict.READY


def test_start_and_doctor_decide_alike(tmp_path: Path) -> None:
    for one, refuses in ((need(), True), (raising(), True), (need(required=False), False), (need(is_met=True), False)):
        assert looked_at(one).is_ready is not refuses
        if refuses:
            with pytest.raises(StartError, match="needy needs"):
                run_step(Machine(tmp_path), [Needy(needs=[one])])
        else:
            run_step(Machine(tmp_path), [Needy(needs=[one])])


def test_the_needs_of_an_option_that_is_off_keep_nobody_from_starting(tmp_path: Path) -> None:
    run_step(Machine(tmp_path), [Needy(needs=[need(only_with="option")])])


def test_a_plugin_that_tells_what_it_lacks_is_not_asked_before_it_starts(tmp_path: Path) -> None:
    class Telling(Needy):
        tells_its_lacks = True

    telling = Telling(needs=[need()])

    run_step(Machine(tmp_path), [telling])

    assert examine("telling", telling, Host()).verdict is Verdict.REFUSED


def test_a_start_that_is_refused_tells_what_there_is_instead(tmp_path: Path) -> None:
    needy = Needy(needs=[need(found=lambda _: "found a clock", cure=lambda host: f"look at {host.name}")])

    with pytest.raises(StartError, match=r"needs a flux compensator, found a clock \(look at test-host\)"):
        run_step(Machine(tmp_path), [needy])


def test_the_needs_of_a_third_party_from_before_are_still_right() -> None:
    old = Requirement(need="x", is_met=lambda host: True, cure="y", required=False)

    assert looked_at(old).verdict is Verdict.READY


def test_the_plugin_of_the_page_on_checking_a_host_tells_what_it_needs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)

    host = Machine(tmp_path).file("/sys/class/magnet/count", "1\n").host()

    (finding,) = examine("compass", names["Compass"](), host).findings
    assert (finding.found, finding.cure) == ("found 1", "modprobe magnet count=2")


def test_what_is_to_be_done_stands_once_and_the_required_first() -> None:
    first = looked_at(need(required=False, cure="mount it", lost="a, b"), name="first")
    second = looked_at(need(cure="enable it"), need(required=False, cure="mount it"), name="second")
    fact = Fact(topic="resctrl", text="not mounted", is_good=False, advice="mount it", gain="cache occupancy")

    found = report(first, second, machine=[fact]).to_do

    assert [(one.what, one.is_required) for one in found] == [("enable it", True), ("mount it", False)]
    assert found[1].reasons == (
        "first needs a flux compensator, for a, b",
        "second needs a flux compensator",
        "resctrl: cache occupancy",
    )


def test_needs_of_options_that_are_off_are_nothing_to_do() -> None:
    assert report(looked_at(need(only_with="option"))).to_do == []


def mixed() -> Report:
    return report(
        looked_at(
            need(is_met=True, need="a kernel"),
            need(found=lambda _: "found 4, needs 2 or less", lost="metrics of flux"),
            need(required=False, need="a very " + "long " * 30 + "need"),
            need(only_with="energy", need="counters"),
            raising(),
        ),
        examine("content", Content(), Host()),
        Examined(name="broken", trouble="ImportError: no such thing"),
        machine=[
            Fact(topic="kernel", text="Linux 6.1", is_good=True, values={"release": "6.1"}),
            Fact(topic="clock", text="hpet, slow", is_good=False, advice="boot with " + "x" * 150, gain="speed"),
        ],
    )


def test_the_json_is_as_its_schema_says_and_can_be_written() -> None:
    document = json.loads(json.dumps(mixed().as_dict()))

    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["ready"] is False
    assert [plugin["verdict"] for plugin in document["plugins"]] == ["refused", "ready", "broken"]


def test_the_schema_has_all_keys_and_refuses_a_missing_one() -> None:
    document = mixed().as_dict()

    assert set(document) == set(SCHEMA["properties"])
    del document["ready"]
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))


def test_every_state_has_a_word_beside_its_mark() -> None:
    text = as_text(mixed(), Style())

    for line in (
        "  ✓ met       a kernel",
        "  ✗ MISSING   a flux compensator; found 4, needs 2 or less; lost without it: metrics of flux",
        "  ✗ UNCHECKED luck; could not be checked: ZeroDivisionError",
        "off       counters; matters only with the option energy",
        "less      a very long",
        "  ✗ needy    cannot work      1 of 4 needs met",
        "  ✓ content  ready            needs nothing",
        "  ImportError: no such thing",
        "NOT READY: needy, broken cannot work here.",
    ):
        assert line in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_wanted_but_for_what_is_to_be_copied(width: int) -> None:
    wide = [line for line in as_text(mixed(), Style(width=width)).splitlines() if len(line) > width]

    assert [line.split(". ", 1)[1] for line in wide] == [f"boot with {'x' * 150}"]


def test_colours_change_nothing_but_colours() -> None:
    plain, coloured = as_text(mixed(), Style(width=60)), as_text(mixed(), Style(width=60, is_coloured=True))

    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_marks_that_cannot_be_written_are_others() -> None:
    text = as_text(mixed(), Style.for_encoding("ascii", 100, is_coloured=False))

    assert text.isascii()
    assert "  x MISSING   a flux compensator" in text
    assert "✓" in as_text(mixed(), Style.for_encoding("utf-8", 100, is_coloured=False))


def test_where_nothing_is_missing_nothing_is_to_be_done() -> None:
    text = as_text(report(looked_at(need(is_met=True))), Style())

    assert "WHAT TO DO\n  nothing" in text
    assert text.endswith("READY.")
