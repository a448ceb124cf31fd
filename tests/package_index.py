"""An index of packages on loopback, with what is installed here: so that pip and twine need no network.

What is installed is made into wheels again, from the files that each package lists as its own (PEP 376, PEP 427).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags

NOT_PACKED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def packed(name: str, folder: Path) -> None:
    """A wheel of an installed package, without its scripts that are no entry points, and wheels of all it needs."""
    distribution = metadata.distribution(name)
    information = f"{distribution.metadata['Name'].replace('-', '_')}-{distribution.version}"
    tags = [line.split()[1] for line in (distribution.read_text("WHEEL") or "").splitlines() if line.startswith("Tag:")]
    supported = set(map(str, sys_tags()))
    wheel = folder / f"{information.lower()}-{next(tag for tag in tags if tag in supported)}.whl"
    if wheel.exists():
        return
    paths = [path for path in distribution.files or () if path.parts[0] != ".." and path.suffix != ".pyc"]
    with zipfile.ZipFile(wheel, "w") as file:
        for path in paths:
            if path.name not in NOT_PACKED:
                file.write(path.locate(), str(path))
        record = next(str(path) for path in paths if path.name == "RECORD")
        file.writestr(record, "".join(f"{entry},,\n" for entry in [*file.namelist(), record]))
    for text in distribution.requires or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            packed(needed.name, folder)


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """The address of a server that hands out the packages of a folder, and takes others from anybody."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pypiserver", "run", "--interface", "127.0.0.1", "--port", str(port)]
    options = ["--disable-fallback", "--authenticate", ".", "--passwords", ".", str(folder)]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until_served(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_until_served(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"no index on port {port} within a minute")


def variables(address: str) -> dict[str, str]:
    """What pip and twine are told in the environment, so that they use this index and no other."""
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": f"{address}/simple/",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TWINE_REPOSITORY_URL": f"{address}/",
        "TWINE_USERNAME": "anybody",
        "TWINE_PASSWORD": "anything",
        "TWINE_NON_INTERACTIVE": "1",
    }
