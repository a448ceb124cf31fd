"""What a value must be beyond its Python type."""

import os
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.static_node import StaticNode
from wca_core.config.checking import checked
from wca_core.config.field_types import (
    Between,
    FieldCheck,
    IpPort,
    IsPath,
    IsRegexp,
    IsUrl,
    LabelName,
    Node,
    Path,
    Plugin,
    ReadablePath,
    Regexp,
    Str,
    Url,
)
from wca_core.config.misfit import MisfitsError


class IsEven(FieldCheck):
    """As third parties write one."""

    def check(self, value: int) -> None:
        if value % 2:
            raise ValueError("an even number")


def expected(value: object, hint: object) -> str:
    """What a refusal says is expected."""
    with pytest.raises(MisfitsError) as caught:
        checked(value, hint)
    return caught.value.misfits[0].expected


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        *(("http://127.0.0.1", Url), ("HTTPS://host:5051/path", Url), ("https://[::1]:10250", Url)),
        *(("127.0.0.1:9092", IpPort), ("broker:1", IpPort), ("[::1]:65535", IpPort), ("[fe80::1%eth0]:9092", IpPort)),
        *(("a/b", Path), ("/a/..b", Path), ("x" * 400, Path), ("x" * 400, Str), ("/etc/passwd", ReadablePath)),
        *(("_rack7", LabelName), (r"(\w+)/.*", Regexp), (4, Annotated[int, IsEven()])),
        *((1000, Annotated[int | float, Between(1000, 1000000)]), (0, Annotated[float, Between(lowest=0)])),
        *((StaticNode(tasks=[]), Node), (LogStorage(), Plugin), ("(a)(b)", Annotated[str, IsRegexp(groups=2)])),
        ("kafka://x/topic", Annotated[str, IsUrl(schemes=("kafka",), path_required=True)]),
    ],
)
def test_a_value_that_fits_stays_as_it_is(value: object, hint: object) -> None:
    assert checked(value, hint) == value


@pytest.mark.parametrize(
    "value", ["127.0.0.1", "ftp://host", "http://", "http:///path", "http://h:99999", "http://a b", 5]
)
def test_a_url_has_a_scheme_and_a_host(value: object) -> None:
    assert expected(value, Url) in ("a URL http://HOST[:PORT] or https://HOST[:PORT]", "a text")


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
    assert expected("http://user:hunter2@host", Url) == "a URL without user and password"


def test_a_url_may_need_a_path() -> None:
    assert expected("http://host/", Annotated[str, IsUrl(path_required=True)]).endswith("/PATH")


@pytest.mark.parametrize(
    "value", ["host", "host:", "host:0", "host:65536", ":80", "::1:80", "[::1]", "host:\uff18\uff10", "a b:1"]
)
def test_an_address_has_a_host_and_a_port(value: str) -> None:
    assert expected(value, IpPort) == "HOST:PORT or [IPv6]:PORT with a port from 1 to 65535"


@pytest.mark.parametrize(
    ("value", "hint", "told"),
    [
        ("a/../b", Path, "a path without '..'"),
        ("", Path, "a path of 1 to 400 characters"),
        ("x" * 401, Path, "a path of 1 to 400 characters"),
        ("a\0b", Path, "a path of 1 to 400 characters"),
        ("relative", Annotated[str, IsPath(absolute=True)], "an absolute path"),
        ("/nonexistent", ReadablePath, f"a path that uid {os.geteuid()} may read"),
        ("x" * 401, Str, "a text of at most 400 characters"),
        ("__name", LabelName, "a label name (letters, digits, '_'; not starting with a digit or '__')"),
        ("(", Regexp, "a regular expression (missing ), unterminated subpattern at position 0)"),
        ("(a)", Annotated[str, IsRegexp(groups=2)], "a regular expression with exactly 2 groups"),
        (3, Annotated[int, IsEven()], "an even number"),
        (0.5, Annotated[float, Between(lowest=1)], "a number of 1 or more"),
        (2, Annotated[float, Between(highest=1)], "a number of 1 or less"),
        (LogStorage(), Node, "a plugin with the hook discover_tasks"),
        ("text", Plugin, "a plugin"),
    ],
)
def test_what_does_not_fit_is_told_with_what_is_expected(value: object, hint: object, told: str) -> None:
    assert expected(value, hint) == told


def test_access_is_looked_up_when_the_configuration_is_read(tmp_path: FilePath) -> None:
    file = tmp_path / "token"
    hint = Annotated[str, IsPath(access=os.R_OK)]
    assert expected(str(file), hint).endswith("may read")

    file.touch()

    assert checked(str(file), hint) == str(file)


@pytest.mark.parametrize("hint", [Str, Path, Url, IpPort, Regexp, LabelName, Annotated[float, Between(0, 1)]])
@given(value=st.text() | st.integers() | st.floats() | st.none() | st.lists(st.text()))
def test_no_value_raises_anything_but_a_misfit(hint: object, value: object) -> None:
    with suppress(MisfitsError):
        assert checked(value, hint) == value
