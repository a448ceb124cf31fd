"""TLS between two real ends on loopback, with certificates that openssl makes."""

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError, StartError
from wca_core.registration import Registration, registered
from wca_core.tls import SSL

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` and its key, apart and in one file; and the key encrypted."""
    path = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    pair = ["-keyout", f"{path}/key.pem", "-out", f"{path}/cert.pem"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *pair)
    (path / "both.pem").write_text((path / "key.pem").read_text() + (path / "cert.pem").read_text())
    openssl("rsa", "-aes256", "-passout", "pass:word", "-in", f"{path}/key.pem", "-out", f"{path}/locked.pem")
    return path


def said_by_server(folder: Path, client: SSL, server_name: str = "localhost", *, asks: bool = False) -> str:
    """What a server says to this client: the name in the certificate that the client showed, or nothing."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    if asks:
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(folder / "cert.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_once, args=[listening, server], daemon=True)
        thread.start()
        try:
            with (
                socket.create_connection(listening.getsockname(), timeout=10) as plain,
                client.context().wrap_socket(plain, server_hostname=server_name) as secure,
            ):
                return secure.recv(100).decode()
        finally:
            thread.join(10)


def answer_once(listening: socket.socket, server: ssl.SSLContext) -> None:
    plain, _ = listening.accept()
    try:
        with server.wrap_socket(plain, server_side=True) as secure:
            shown = secure.getpeercert() or {}
            secure.sendall(f"{secure.version()} {dict(pair[0] for pair in shown.get('subject', ()))}".encode())
    except OSError:
        plain.close()


def test_a_server_is_verified_by_the_authorities_of_a_file(folder: Path) -> None:
    assert said_by_server(folder, SSL(server_verify=f"{folder}/cert.pem")) == "TLSv1.3 {}"


@pytest.mark.parametrize("extension", ["basicConstraints=CA:TRUE", "basicConstraints=critical,CA:TRUE"])
def test_an_authority_as_openssl_makes_it_is_good_enough(tmp_path: Path, extension: str) -> None:
    pair = ["-keyout", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/cert.pem"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", extension]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *pair)
    (tmp_path / "both.pem").write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())

    client = SSL(server_verify=f"{tmp_path}/cert.pem")

    assert said_by_server(tmp_path, client) == "TLSv1.3 {}"
    assert not client.context().verify_flags & ssl.VERIFY_X509_STRICT


def test_a_server_that_the_machine_does_not_trust_is_refused(folder: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        said_by_server(folder, SSL())


def test_a_server_of_another_name_is_refused(folder: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        said_by_server(folder, SSL(server_verify=f"{folder}/cert.pem"), "example.org")


def test_whoever_answers_is_believed_if_nothing_is_verified_and_that_is_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert said_by_server(folder, SSL(server_verify=False), "example.org").startswith("TLSv1")
    assert "server_verify: false" in caplog.text


@pytest.mark.parametrize("files", [("cert.pem", "key.pem"), ("both.pem", None)])
def test_a_client_shows_its_certificate(folder: Path, files: tuple[str, str | None]) -> None:
    certificate, key = (f"{folder}/{name}" if name else None for name in files)
    client = SSL(server_verify=f"{folder}/cert.pem", client_cert_path=certificate, client_key_path=key)

    assert said_by_server(folder, client, asks=True) == "TLSv1.3 {'commonName': 'localhost'}"


def test_a_key_without_its_certificate_is_a_configuration_error(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="client_key_path needs client_cert_path"):
        SSL(client_key_path=f"{folder}/key.pem")


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("key.pem", None), ("cert.pem", "locked.pem"), ("cert.pem", "cert.pem"), ("none.pem", None)],
)
def test_files_that_cannot_be_used_are_told_with_their_paths(folder: Path, certificate: str, key: str | None) -> None:
    client = SSL(client_cert_path=f"{folder}/{certificate}", client_key_path=f"{folder}/{key}" if key else None)

    with pytest.raises(StartError, match=f"SSL: {folder}/{certificate}.* cannot be used: "):
        client.context()


def test_it_is_written_in_a_configuration_with_paths_that_can_be_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        def __init__(self, ssl: SSL) -> None:
            self.ssl = ssl

        def run(self) -> None: ...

    monkeypatch.setitem(registered, "Client", Registration(Client))
    file = tmp_path / "wca.yaml"
    file.write_text(f"runner: !Client {{ssl: !SSL {{server_verify: {folder}/cert.pem}}}}\n")
    assert configured(Request(file=str(file))).runner.ssl.server_verify == f"{folder}/cert.pem"  # type: ignore[attr-defined]

    file.write_text("runner: !Client {ssl: !SSL {client_cert_path: /nowhere}}\n")
    with pytest.raises(ConfigurationError, match=r"a path that uid .* may read expected"):
        configured(Request(file=str(file)))
