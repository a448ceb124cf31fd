"""What is refused or shown tells no password: neither of a URL nor of a field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.config.field_types import FieldCheck, IpPort, Url
from wca_core.config.masking import NoSecret, Secrets, shown, without_login
from wca_core.config.overrides import Override
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.outline import outline
from wca_core.registration import Registration, registered


def refused(monkeypatch: pytest.MonkeyPatch, folder: Path, cls: type, fields: str) -> str:
    monkeypatch.setitem(registered, "Client", Registration(cls))
    file = folder / "wca.yaml"
    file.write_text(f"runner: !Client {{{fields}}}\n")
    with pytest.raises(ConfigurationError) as raised:
        configured(Request(file=str(file)))
    return str(raised.value)


@dataclass(eq=False, kw_only=True)
class Client:
    url: Url = "https://localhost"
    address: IpPort = "localhost:1"
    addresses: list[IpPort] | None = None
    by_name: dict[str, Url] | None = None
    number: int = 0

    def run(self) -> None: ...


@pytest.mark.parametrize(
    "field",
    [
        "url: 'https://wca:hunter2@host:10250'",
        "url: 'https://hunter2@host'",
        "url: 'https://wca:hun/hunter2@host'",
        "url: 'https://wca:hun@ter@hunter2@host'",
        "url: 'htps://wca:my hunter2@host'",
        "url: 'wca:hunter2@host'",
        "address: 'wca:hunter2@host:9092'",
        "addresses: ['SASL://wca:hunter2@host:9092']",
        "by_name: {one: 'https://wca:hunter2@host'}",
        "by_name: ['https://wca:hunter2@host']",
        "number: 'https://wca:hunter2@host'",
        "number: ['https://wca:hunter2@host']",
        "number: {'https://wca:hunter2@host': 1}",
    ],
)
def test_a_refused_url_is_quoted_without_its_user_and_password(
    field: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = refused(monkeypatch, tmp_path, Client, field)

    assert "hunter2" not in told
    assert "***" in told


def test_a_constructor_that_quotes_a_url_tells_no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @dataclass(eq=False, kw_only=True)
    class Particular:
        place: str

        def __post_init__(self) -> None:
            raise ConfigurationError(f"place: another one than {self.place!r} expected")

    told = refused(monkeypatch, tmp_path, Particular, "place: 'https://wca:hunter2@host'")

    assert "place: another one than 'https://***@host' expected" in told


@given(st.text(), st.text(min_size=1), st.sampled_from(["https://", "x://", "wca:"]))
def test_what_stands_before_the_last_at_sign_of_a_url_is_never_shown(user: str, password: str, start: str) -> None:
    mark = "\ue000\ue001"  # stands for the secret part, in text that cannot hold it by chance
    text = f"{start}{user if start != 'wca:' else ''}{mark}{password}@host"

    assert mark not in shown(text)
    secrets = Secrets()
    secrets.note(text)
    assert mark not in secrets.masked(f"not {text}, please")


@pytest.mark.parametrize("text", ["https://host:80/path", "host:9092", "a text: with a colon", "me@host", "/a/b:c", ""])
def test_what_has_no_login_is_shown_as_it_is(text: str) -> None:
    assert without_login(text) == text


def test_an_option_without_a_field_does_not_repeat_its_password() -> None:
    for text in ("kafka_password=hunter2", "url=https://wca:hunter2@host", "https://wca:hunter2@host"):
        with pytest.raises(ConfigurationError, match=r"PLUGIN\.FIELD=VALUE expected") as raised:
            Override.of(text)

        assert "hunter2" not in str(raised.value)


def test_a_field_that_only_sounds_like_a_secret_is_shown_if_its_type_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @dataclass(eq=False, kw_only=True)
    class Sorter:
        sort_key: Annotated[str, NoSecret()] | None = None
        api_key: str = "hunter2"

        def run(self) -> None: ...

    monkeypatch.setitem(registered, "Sorter", Registration(Sorter))
    file = tmp_path / "wca.yaml"
    file.write_text("runner: !Sorter {sort_key: name, api_key: hunter3}\n")

    told = outline(configured(Request(file=str(file))))

    assert "sort_key: name" in told
    assert "hunter" not in told
    refusal = refused(monkeypatch, tmp_path, Sorter, "sort_key: 5, api_key: 6")
    assert "found 5 (int)" in refusal
    assert "api_key (of !Client): a text expected, found *** (int)" in refusal


def test_a_check_of_somebody_else_that_breaks_tells_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Clumsy(FieldCheck):
        def check(self, value: str) -> None:
            raise KeyError(value)

    @dataclass(eq=False, kw_only=True)
    class Checked:
        password: Annotated[str, Clumsy()]

    assert "hunter2" not in refused(monkeypatch, tmp_path, Checked, "password: hunter2")


@pytest.mark.parametrize(
    "text",
    [
        "runner: !Client {number: !!int 'https://wca:hunter2@host'}",
        "runner: !Client 'https://wca:hunter2@host'",
        "runner: !Client {}\nloggers: {wca: 'https://wca:hunter2@host'}",
        "runner: !Client {}\nloggers: {wca: !Env WCA_TEST}",
    ],
)
def test_what_the_form_of_a_file_refuses_or_ignores_tells_no_password(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(registered, "Client", Registration(Client))
    monkeypatch.setenv("WCA_TEST", "hunter2")
    file = tmp_path / "wca.yaml"
    file.write_text(text)

    try:
        configured(Request(file=str(file)))
        told = ""
    except ConfigurationError as error:
        told = str(error)

    assert "hunter2" not in told + caplog.text
    assert told + caplog.text
