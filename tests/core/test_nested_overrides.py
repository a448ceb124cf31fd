"""`--set PLUGIN.FIELD.FIELD=VALUE` where the field holds a component: with and without one in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest

from wca_core.config.field_types import Between
from wca_core.configuration import Configured, Request, configured
from wca_core.errors import ConfigurationError
from wca_core.outline import outline
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registration import Registration, registered
from wca_core.short_form import Combination
from wca_core.tls import SSL


@dataclass(eq=False, kw_only=True)
class Inner:
    tls: SSL | None = None
    needed: int
    depth: Annotated[int, Between(0, 9)] = 1


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Outer:
    ssl: SSL | None = None
    plain: SSL = field(default_factory=SSL)
    inner: Inner | None = None
    either: SSL | Inner | None = None
    entries: dict[str, int] | None = None

    @hookimpl
    def store(self, samples: object, stream: object) -> None: ...


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registered, "outer", Registration(Outer))
    monkeypatch.setitem(registered, "Inner", Registration(Inner))


def asked(folder: Path, text: str | None, *overrides: str) -> Configured:
    file = folder / "wca.yaml"
    if text is not None:
        file.write_text(f"plugins:\n  static: {{tasks: []}}\n  outer: {text}\n")
    return configured(
        Request(
            file=None if text is None else str(file),
            plugins=() if text is not None else ("outer",),
            overrides=tuple(f"outer.{one}" for one in overrides),
        )
    )


def outer(folder: Path, text: str | None, *overrides: str) -> Outer:
    runner = asked(folder, text, *overrides).runner
    assert isinstance(runner, Combination)
    made = runner.plugins["outer"]
    assert isinstance(made, Outer)
    return made


@pytest.mark.parametrize("text", [None, "{}", "{ssl: null}", "{ssl: !SSL ''}", "{ssl: !SSL {server_verify: true}}"])
def test_a_field_of_a_component_is_set_whatever_stands_in_the_file(text: str | None, tmp_path: Path) -> None:
    made = outer(tmp_path, text, "ssl.server_verify=false", "plain.server_verify=false")

    assert made.ssl is not None
    assert (made.ssl.server_verify, made.plain.server_verify) == (False, False)


def test_other_fields_of_the_component_in_the_file_stay(tmp_path: Path) -> None:
    made = outer(tmp_path, "{inner: !Inner {needed: 4, depth: 2}}", "inner.depth=3", "inner.tls.server_verify=false")

    assert made.inner is not None
    assert made.inner.tls is not None
    assert (made.inner.needed, made.inner.depth, made.inner.tls.server_verify) == (4, 3, False)


def test_a_component_with_an_alias_is_changed_only_where_the_option_says(tmp_path: Path) -> None:
    made = outer(tmp_path, "{ssl: &one !SSL {server_verify: true}, plain: *one}", "ssl.server_verify=false")

    assert made.ssl is not None
    assert (made.ssl.server_verify, made.plain.server_verify) == (False, True)


def test_a_mapping_given_whole_becomes_the_component_too(tmp_path: Path) -> None:
    made = outer(tmp_path, None, "inner={needed: 7}", "entries.a=1")

    assert made.inner is not None
    assert made.inner.needed == 7
    assert made.entries == {"a": 1}


def test_check_shows_what_became_of_it_and_reads_it_again(tmp_path: Path) -> None:
    told = outline(asked(tmp_path, None, "ssl.server_verify=false", "plain.server_verify=true"))

    assert "ssl: !SSL\n      server_verify: false" in told
    again = tmp_path / "again.yaml"
    again.write_text(told)
    assert outline(configured(Request(file=str(again)))) == told


@pytest.mark.parametrize(
    ("text", "override", "told"),
    [
        (None, "ssl.server_verfy=false", "--set outer.ssl.server_verfy: !SSL has no field 'server_verfy'; "),
        (None, "inner.depth=3", "--set outer.inner.depth: !Inner needs needed (--set outer.inner.needed=...)"),
        (None, "inner.depth=10", "outer.inner.depth (of !Inner): a number from 0 to 9 expected, found 10 (int)"),
        (None, "either.server_verify=false", "outer.either (of outer): !SSL or !Inner expected, found "),
        ("{ssl: {server_verify: true}}", "ssl.server_verify=false", "outer.ssl (of outer): !SSL expected, found "),
        ("{ssl: !Env {name: HOME}}", "ssl.name=x", "--set outer.ssl.name: ssl is neither a mapping nor a component"),
        ("{entries: [1]}", "entries.a=1", "--set outer.entries.a: entries is neither a mapping nor a component"),
    ],
)
def test_what_cannot_be_set_is_told_with_the_option(text: str | None, override: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        asked(tmp_path, text, override)

    assert told in str(raised.value)


@pytest.mark.parametrize("name", ["k8s", "mesos", "kafka"])
def test_plugins_that_use_the_network_take_their_tls_so(name: str) -> None:
    pytest.importorskip(f"wca_{name}")
    extra = {"kafka": ["kafka.topic=t"], "k8s": ["k8s.kubelet_enabled=true"]}.get(name, [])

    told = outline(configured(Request(plugins=(name,), overrides=(f"{name}.ssl.server_verify=false", *extra))))

    assert "ssl: !SSL" in told
    assert "server_verify: false" in told
