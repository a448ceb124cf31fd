"""Certificates for tests, made by openssl: an authority, a server's and a client's of it, and a stranger's."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates in a folder: `NAME.pem` with `NAME.key`; its own is `ca.pem`."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Authority:
        folder.mkdir(parents=True, exist_ok=True)
        pair = ["-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem"]
        _openssl("req", "-x509", *_NEW_KEY, "-days", "2", "-subj", "/CN=test authority", *pair)
        return cls(folder)

    @property
    def certificate(self) -> str:
        return f"{self.folder}/ca.pem"

    def sign(self, name: str) -> tuple[str, str]:
        """The paths of a new certificate for 127.0.0.1 and localhost, and of its key."""
        certificate, key = f"{self.folder}/{name}.pem", f"{self.folder}/{name}.key"
        names = self.folder / f"{name}.names"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", f"{certificate}.request")
        signer = ["-CA", self.certificate, "-CAkey", f"{self.folder}/ca.key", "-CAcreateserial"]
        files = ["-in", f"{certificate}.request", "-extfile", str(names), "-out", certificate]
        _openssl("x509", "-req", "-days", "2", *signer, *files)
        return certificate, key

    def client(self, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
        """A client that trusts this authority and shows this certificate."""
        context = ssl.create_default_context(cafile=self.certificate)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        return context


_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
