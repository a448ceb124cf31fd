"""Who is let in, by token and name; what is refused at the start, with the cure."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.asking import asked
from tests.certificates import Authority, needs_openssl
from tests.prometheus_storage import serving
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError, StartError

TOKEN = "0123456789abcdef"


@pytest.fixture
def token_path(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> tuple[str, str]:
    return authority.sign("server")


# -- token --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        (TOKEN, 401),
        ("Bearer 0123456789abcdeX", 401),
        (f"Bearer {TOKEN}0", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer ä", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
    ],
)
def test_only_who_shows_the_token_may_read(
    tmp_path: Path, token_path: Path, authorization: str | None, status: int
) -> None:
    shown = {} if authorization is None else {"Authorization": authorization}
    with serving(tmp_path, token_path=str(token_path), debug_state=True) as storage:
        replies = [asked(storage.url, path, **shown) for path in ("/metrics", "/api/overview", "/debug/state")]

    assert [reply.status for reply in replies] == [status] * 3
    if status == 401:
        assert {reply.headers["WWW-Authenticate"] for reply in replies} == {'Bearer realm="wca"'}
        assert not any("foo" in reply.text or TOKEN in reply.text for reply in replies)


def test_probes_and_the_page_itself_need_no_token(tmp_path: Path, token_path: Path) -> None:
    with serving(tmp_path, token_path=str(token_path)) as storage:
        assert [asked(storage.url, path).status for path in ("/", "/healthz", "/readyz")] == [200] * 3


def test_a_token_that_is_replaced_is_in_force_at_once(tmp_path: Path, token_path: Path) -> None:
    with serving(tmp_path, token_path=str(token_path)) as storage:
        new = token_path.with_suffix(".new")
        new.write_text("another")
        new.chmod(0o600)
        new.rename(token_path)

        shown = [f"Bearer {token}" for token in (TOKEN, "another")]
        statuses = [asked(storage.url, "/metrics", Authorization=one).status for one in shown]

    assert statuses == [401, 200]


@pytest.mark.parametrize("content", [None, "", " \n", "two words", "ä", "x" * 5000])
def test_a_token_that_is_spoilt_leaves_the_one_before_in_force_and_is_told_once(
    tmp_path: Path, token_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, token_path=str(token_path)) as storage:
        token_path.unlink()
        if content is not None:
            token_path.write_text(content)
        statuses = [asked(storage.url, "/metrics", Authorization=f"Bearer {TOKEN}").status for _ in range(3)]

    assert statuses == [200] * 3
    assert caplog.text.count("the token before stays in force") == 1
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("content", ["", "two words"])
def test_without_a_token_in_its_file_it_does_not_start(tmp_path: Path, token_path: Path, content: str) -> None:
    token_path.write_text(content)

    with pytest.raises(StartError, match=f"one word of ASCII .*openssl rand -hex 32 > {token_path}"):
        serving(tmp_path, token_path=str(token_path)).__enter__()


def test_a_token_that_everybody_may_read_is_warned_about(
    tmp_path: Path, token_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token_path.chmod(token_path.stat().st_mode | stat.S_IROTH)

    with serving(tmp_path, token_path=str(token_path)):
        pass

    assert f"everybody on this machine may read it (chmod o-r {token_path})" in caplog.text


# -- addresses and names ------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9111", "localhost", "LOCALHOST:1", "[::1]:9111", ""])
def test_on_loopback_whoever_comes_by_an_address_or_localhost_is_answered(tmp_path: Path, host: str) -> None:
    with serving(tmp_path) as storage:
        assert asked(storage.url, "/metrics", Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9111", "127.0.0.1.evil.example", "localhost.evil"])
def test_on_loopback_whoever_comes_by_another_name_is_not(tmp_path: Path, host: str) -> None:
    with serving(tmp_path) as storage:
        reply = asked(storage.url, "/metrics", Host=host)

    assert (reply.status, "answers to addresses and localhost" in reply.text) == (421, True)


def test_with_a_token_any_name_is_right_as_pages_of_elsewhere_do_not_know_it(tmp_path: Path, token_path: Path) -> None:
    with serving(tmp_path, token_path=str(token_path)) as storage:
        reply = asked(storage.url, "/metrics", Host="node7.example", Authorization=f"Bearer {TOKEN}")

    assert reply.status == 200


def test_on_an_address_for_others_any_name_is_right(tmp_path: Path) -> None:
    with serving(tmp_path, "0.0.0.0:0") as storage:
        local = storage.url.replace("0.0.0.0", "127.0.0.1")
        assert asked(local, "/metrics", Host="node7.example:9111").status == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ((), {"may read all samples", "go unencrypted"}),
        (("token_path",), {"go unencrypted"}),
        (("cert_path", "key_path"), {"may read all samples"}),
        (("cert_path", "key_path", "token_path"), set()),
        (("cert_path", "key_path", "client_ca_path"), set()),
    ],
)
@needs_openssl
def test_what_others_could_do_is_warned_about(
    tmp_path: Path,
    token_path: Path,
    authority: Authority,
    server: tuple[str, str],
    caplog: pytest.LogCaptureFixture,
    fields: tuple[str, ...],
    told: set[str],
) -> None:
    paths = {"cert_path": server[0], "key_path": server[1], "client_ca_path": authority.certificate}
    values = {**paths, "token_path": str(token_path)}

    with serving(tmp_path, "0.0.0.0:0", **{field: values[field] for field in fields}):
        pass

    assert {part for part in ("may read all samples", "go unencrypted") if part in caplog.text} == told


def test_nothing_is_warned_about_on_loopback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path):
        pass

    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_the_state_of_the_agent_is_not_for_other_machines(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"debug_state is for this machine only.*set listen to 127\.0\.0\.1"):
        serving(tmp_path, "0.0.0.0:0", debug_state=True).__enter__()


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError) as refused:
            serving(tmp_path, f"127.0.0.1:{port}").__enter__()

    assert str(refused.value) == (
        f"cannot listen on 127.0.0.1:{port}: the port is in use (ss -ltnp 'sport = :{port}' tells by whom);"
        f" stop that, or take another: --set prometheus.listen=127.0.0.1:{port + 1}"
    )


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("192.0.2.1:0", "this machine does not have the address 192.0.2.1; set listen to one that 'ip address' lists"),
        ("no-such-name.invalid:0", "the name 'no-such-name.invalid' has no address; set listen to an address"),
    ],
)
def test_an_address_of_elsewhere_is_told_with_what_to_do(tmp_path: Path, address: str, complaint: str) -> None:
    with pytest.raises(StartError, match=complaint):
        serving(tmp_path, address).__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_port_of_root_is_told_with_what_to_do() -> None:
    start = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if int(start.read_text()) <= 1:
        pytest.skip("everybody may listen on every port here")
    program = (
        "import os; from wca_core.builtin.prometheus.listening import listening_at;"
        " os.setgroups([]); os.setgid(65534); os.setuid(65534);\n"
        "try: listening_at('127.0.0.1:1')\nexcept Exception as error: print(error)"
    )
    said = output_of(program)

    assert "a port below 1024 needs CAP_NET_BIND_SERVICE, uid 65534 lacks it; set listen to a higher port" in said


@pytest.mark.parametrize("listen", ["9111", ":9111", "127.0.0.1", "127.0.0.1:99999", "a b:1", "http://h:1", "::1:9111"])
def test_what_is_no_address_is_refused_where_it_is_configured(tmp_path: Path, listen: str) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text(f"plugins:\n  prometheus: {{listen: '{listen}'}}\n")

    with pytest.raises(ConfigurationError, match=r"wca.yaml:2:24: .*HOST:PORT or \[IPv6\]:PORT"):
        configured(Request(file=str(file)))


def test_ipv6_is_served_where_there_is_any(tmp_path: Path) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with serving(tmp_path, "[::1]:0") as storage:
        assert storage.url.startswith("http://[::1]:")
        assert asked(storage.url, "/metrics").status == 200


def output_of(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
