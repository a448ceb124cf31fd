"""A directory of values by key."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca.databases import InvalidKey, LocalDatabase

from wca_core.errors import ConfigurationError, ContractError, HostError

KEYS = st.from_regex(rb"[A-Za-z0-9_.-]{1,255}", fullmatch=True)


@given(st.dictionaries(KEYS, st.binary(max_size=100), max_size=5))
def test_every_value_comes_back_whole_under_its_own_key(tmp_path_factory: pytest.TempPathFactory, values) -> None:  # type: ignore[no-untyped-def]
    database = LocalDatabase(str(tmp_path_factory.mktemp("models") / "new"))

    for key, value in values.items():
        database.set(key, value)

    assert {key: database.get(key) for key in values} == values


def test_the_names_of_directories_are_keys_as_any_others(tmp_path: Path) -> None:
    database = LocalDatabase(str(tmp_path / "models"))

    for key in (b".", b"..", b"...", b"%2E".replace(b"%", b"_")):
        database.set(key, b"of " + key)

    assert [database.get(key) for key in (b".", b"..", b"...")] == [b"of .", b"of ..", b"of ..."]
    assert [entry.name for entry in tmp_path.iterdir()] == ["models"]


def test_a_missing_key_is_none_also_without_the_directory(tmp_path: Path) -> None:
    database = LocalDatabase(str(tmp_path / "models"))

    assert database.get(b"x") is None
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("key", [b"", b"a/b", b"x" * 256, b"a b", b"\xff", "text", None])
def test_what_is_no_key_is_refused_in_both_directions(tmp_path: Path, key: object) -> None:
    database = LocalDatabase(str(tmp_path))

    with pytest.raises(InvalidKey, match="1 to 255 bytes"):
        database.set(key, b"")  # type: ignore[arg-type]
    with pytest.raises(InvalidKey, match="1 to 255 bytes"):
        database.get(key)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_value_is_bytes(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="bytes expected, found str"):
        LocalDatabase(str(tmp_path)).set(b"x", "text")  # type: ignore[arg-type]


def test_the_longest_key_has_a_file_as_the_others(tmp_path: Path) -> None:
    LocalDatabase(str(tmp_path)).set(b"x" * 255, b"1")

    assert [entry.name for entry in tmp_path.iterdir()] == ["x" * 255]


def test_a_reader_sees_the_old_value_or_the_new_one_never_a_part(tmp_path: Path) -> None:
    database = LocalDatabase(str(tmp_path))
    values = [bytes([number]) * 100_000 for number in range(20)]
    database.set(b"model", values[0])
    writer = Thread(target=lambda: [database.set(b"model", value) for value in values])

    writer.start()
    seen = {database.get(b"model")}
    while writer.is_alive():
        seen.add(database.get(b"model"))
    writer.join()

    assert seen <= set(values)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_a_value_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    database = LocalDatabase(str(tmp_path))
    (tmp_path / "taken").mkdir()

    with pytest.raises(HostError, match="taken cannot be written"):
        database.set(b"taken", b"1")

    assert os.listdir(tmp_path) == ["taken"]
    with pytest.raises(HostError, match="taken cannot be read"):
        database.get(b"taken")


def test_a_file_where_the_directory_should_be_is_refused_at_load(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(ConfigurationError, match="is a file; a directory expected"):
        LocalDatabase(str(file))
