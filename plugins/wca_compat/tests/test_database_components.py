"""Databases as components of a configuration, and what is told where a library is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from wca import databases
from wca_compat.databases.fields import HttpHost, check_library

from wca_core import register
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.known_packages import KNOWN_PACKAGES
from wca_core.registration import registered


@dataclass
class Keeping:
    database: databases.Database

    def run(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(registered)
    register(Keeping)
    yield
    registered.clear()
    registered.update(before)


def load(tmp_path: Path, text: str) -> databases.Database:
    file = tmp_path / "wca.yaml"
    file.write_text(f"runner: !Keeping\n  database: {text}\n")
    database: databases.Database = configured(Request(file=str(file))).runner.database  # type: ignore[attr-defined]
    return database


def test_each_database_has_a_tag_and_nothing_is_asked_or_made_at_load(tmp_path: Path) -> None:
    local = load(tmp_path, f"!LocalDatabase {{directory: {tmp_path}/models}}")
    etcd = load(tmp_path, "!EtcdDatabase {hosts: ['192.0.2.1:2379', 'https://there'], timeout: null, ssl: !SSL {}}")
    zookeeper = load(tmp_path, "!ZookeeperDatabase {hosts: [there], namespace: model_distribution, timeout: 60}")

    assert isinstance(local, databases.LocalDatabase)
    assert isinstance(etcd, databases.EtcdDatabase)
    assert isinstance(zookeeper, databases.ZookeeperDatabase)
    assert (etcd.timeout, etcd.api_path) == (None, "/v3")
    assert (zookeeper.namespace, zookeeper.timeout) == ("model_distribution", 60)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!EtcdDatabase", "!EtcdDatabase needs hosts"),
        ("!EtcdDatabase {hosts: []}", "a list of at least one server expected"),
        ("!EtcdDatabase {hosts: [a, 'ftp://b']}", "runner.database.hosts[1] (of !EtcdDatabase): HOST or HOST:PORT or"),
        ("!EtcdDatabase {hosts: ['a:0']}", "HOST or HOST:PORT"),
        ("!EtcdDatabase {hosts: ['http://a/path']}", "HOST or HOST:PORT"),
        ("!EtcdDatabase {hosts: [a], timeout: 0.5}", "a number from 1 to 60 expected"),
        ("!ZookeeperDatabase {hosts: [a]}", "!ZookeeperDatabase needs namespace"),
        ("!ZookeeperDatabase {hosts: ['http://a'], namespace: b}", "HOST or HOST:PORT expected"),
        ("!LocalDatabase {directory: ../models}", "a path without '..' expected"),
        ("!StaticNode {tasks: []}", "!Database expected"),
    ],
)
def test_a_wrong_field_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)

    assert message in str(raised.value)
    assert "wca.yaml:2:" in str(raised.value)


def test_a_missing_library_is_told_with_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match=r"needs no_such_module: pip install wca-compat\[etcd\]"):
        check_library("no_such_module", "EtcdDatabase", "etcd")


def test_who_has_not_this_package_is_told_of_it() -> None:
    ours = [point.name for point in entry_points(group="wca.components") if point.value.startswith("wca_compat.")]

    assert {KNOWN_PACKAGES[name] for name in ours} == {"wca-compat"}
    assert sorted(ours) == ["EtcdDatabase", "LocalDatabase", "ZookeeperDatabase"]


@pytest.mark.parametrize("host", ["a", "a:1", "[::1]:2379", "192.0.2.1", "http://a", "https://a:1/"])
def test_what_names_a_server_is_taken(host: str) -> None:
    from wca.config import assure_type

    assure_type(host, HttpHost)
