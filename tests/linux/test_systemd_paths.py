"""Units and slices in the paths of cgroups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.systemd_paths import (
    is_user_manager,
    slice_of,
    uid_of,
    unescaped,
    unit_above,
    unit_of,
    user_manager_above,
)

SESSION = "/user.slice/user-1000.slice/session-3.scope"
MANAGER = "/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    ("path", "unit", "slice_"),
    [
        ("/system.slice/ssh.service", "ssh.service", "system.slice"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "system-getty.slice"),
        ("/system.slice/_cpu.service", "cpu.service", "system.slice"),
        (SESSION, "session-3.scope", "user-1000.slice"),
        ("/system.slice/mnt-data.mount", "mnt-data.mount", "system.slice"),
        ("/init.scope", "init.scope", None),
        ("/system.slice", None, None),
        ("/system.slice/web.service/worker", None, "system.slice"),
        ("/docker/x", None, None),
        ("/", None, None),
    ],
)
def test_a_unit_and_the_slice_it_is_in(path: str, unit: str | None, slice_: str | None) -> None:
    assert (unit_of(path), slice_of(path)) == (unit, slice_)


def test_the_unit_above_is_the_nearest() -> None:
    assert unit_above("/system.slice/web.service/inner/leaf") == "web.service"
    assert unit_above(f"{MANAGER}/app.slice/x.service") == "user@1000.service"
    assert unit_above("/system.slice/web.service") is None


def test_services_of_a_user_are_below_their_manager() -> None:
    assert is_user_manager(MANAGER)
    assert not is_user_manager(SESSION)
    assert user_manager_above(f"{MANAGER}/app.slice/x.service") == "user@1000.service"
    assert user_manager_above(MANAGER) is None
    assert (uid_of(SESSION), uid_of(MANAGER), uid_of("/user.slice")) == (1000, 1000, None)


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [("web", "web"), ("dev\\x2dsda", "dev-sda"), ("caf\\xc3\\xa9", "café"), ("\\xff", "\ufffd"), ("a\\xZZ", "a\\xZZ")],
)
def test_escapes_are_the_bytes_of_characters(escaped: str, plain: str) -> None:
    assert unescaped(escaped) == plain


@given(st.text())
def test_no_path_at_all_raises_anything(path: str) -> None:
    for function in (unit_of, unit_above, slice_of, is_user_manager, user_manager_above, uid_of, unescaped):
        function(path)


@given(st.text(min_size=1).filter(lambda text: "\\" not in text))
def test_what_was_escaped_byte_by_byte_comes_back(text: str) -> None:
    assert unescaped("".join(f"\\x{byte:02x}" for byte in text.encode())) == text
