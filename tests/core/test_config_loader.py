"""YAML to a tree with places: every refusal is a ConfigurationError with file and line."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.config.loader import Mapping, Scalar, Sequence, load_file, load_text
from wca_core.errors import ConfigurationError

YAML_TEXT = st.text(alphabet="ab1:-[]{}&*!<|>\"'#%@,. ~\n\t?0xe\0\x07\ud800")
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def plain(text: str) -> object:
    """A document as plain values."""

    def value(tree: object) -> object:
        if isinstance(tree, Scalar):
            return tree.value
        if isinstance(tree, Sequence):
            return [value(item) for item in tree.items]
        assert isinstance(tree, Mapping)
        return {name: value(entry) for name, entry in tree.entries.items()}

    return value(load_text(text, "wca.yaml"))


def refused(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, "wca.yaml")
    return str(caught.value)


def file_of(folder: Path, content: bytes = b"a: 1\n", mode: int = 0o644) -> Path:
    path = folder / "wca.yaml"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@given(st.text() | YAML_TEXT)
def test_no_text_at_all_raises_anything_but_a_configuration_error(text: str) -> None:
    with suppress(ConfigurationError):
        load_text(text, "wca.yaml")


@given(st.binary())
def test_no_bytes_at_all_raise_anything_but_a_configuration_error(content: bytes) -> None:
    path = Path(f"/dev/shm/wca-test-{os.getpid()}.yaml")
    try:
        path.write_bytes(content)
        with suppress(ConfigurationError):
            load_file(str(path))
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *(("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("0o17", 15), ("0x1f", 31), ("010", 10)),
        *(("1e3", 1000.0), (".inf", float("inf")), ("~", None), ("", None), ("2026-11-21", "2026-11-21")),
        *(("1:30", "1:30"), ("1_000", "1_000"), ("'1'", "1"), ("-5", -5), ("1.", 1.0)),
    ],
)
def test_words_are_values_as_in_yaml_1_2(word: str, value: object) -> None:
    assert plain(f"a: {word}\n") == {"a": value}


def test_every_part_knows_its_line() -> None:
    tree = load_text("a: 1\nb: !Tag\n  c:\n  - x\n", "wca.yaml")

    assert isinstance(tree, Mapping)
    assert [str(tree.entries[name].place) for name in ("a", "b")] == ["wca.yaml:1", "wca.yaml:2"]
    assert tree.entries["b"].tag == "Tag"


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    assert refused("a: 1\nb: 2\na: 3\n") == "wca.yaml:3: 'a' stands here again; first on line 1"


@pytest.mark.parametrize(
    "tag", ["!!python/object:os.system", "!!python/object/apply:os.system", "!!python/name:os.system"]
)
def test_python_objects_are_refused_with_their_line(tag: str) -> None:
    assert refused(f"a: 1\nb: {tag} [x]\n").startswith("wca.yaml:2: python objects cannot be made")


def test_a_syntax_error_is_told_with_its_line() -> None:
    assert refused("a: 1\nb: [1, 2\nc: 3\n").startswith("wca.yaml:")


@pytest.mark.parametrize("text", ["a: \x07\n", "\0", "a: '\ud800'\n"])
def test_characters_that_yaml_does_not_allow_are_refused(text: str) -> None:
    assert "wca.yaml" in refused(text)


def test_an_empty_file_is_refused() -> None:
    assert "is empty" in refused("# nothing\n")


def test_an_alias_is_the_same_part() -> None:
    tree = load_text("a: &x {b: 1}\nc: *x\n", "wca.yaml")

    assert isinstance(tree, Mapping)
    assert tree.entries["a"] is tree.entries["c"]


def test_a_merge_key_brings_what_is_not_there() -> None:
    assert plain("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n") == {
        "base": {"x": 1, "y": 2},
        "own": {"x": 1, "y": 3},
    }


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "&a {b: *a}\n", "a: &a {<<: *a}\n"])
def test_an_alias_within_itself_is_refused(text: str) -> None:
    assert "a part that contains it" in refused(text)


def test_a_document_that_aliases_blow_up_is_refused_at_once() -> None:
    assert "with aliases expanded" in refused(LAUGHS)


@pytest.mark.parametrize("text", ["[" * 5000, "a: " * 3000, "{a: " * 5000 + "1" + "}" * 5000])
def test_deep_nesting_is_refused(text: str) -> None:
    assert refused(text).startswith("wca.yaml")


def test_a_relative_path_is_refused_with_the_absolute_one() -> None:
    with pytest.raises(ConfigurationError, match=f"an absolute path expected .try {os.getcwd()}/wca.yaml"):
        load_file("wca.yaml")


@pytest.mark.parametrize("path", ["/nonexistent/wca.yaml", "/a\0b", "/a\ud800"])
def test_a_file_that_cannot_be_opened_is_told_with_its_path(path: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        load_file(path)


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a regular file expected"):
        load_file(str(tmp_path))


def test_a_pipe_is_no_configuration(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ConfigurationError, match="a regular file expected"):
        load_file(str(tmp_path / "pipe"))


def test_a_file_that_everybody_may_write_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = file_of(tmp_path, mode=0o666)

    with pytest.raises(ConfigurationError, match=f"everybody may write it .chmod o-w {path}"):
        load_file(str(path))


def test_bytes_that_are_no_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is not UTF-8 \(byte 3\)"):
        load_file(str(file_of(tmp_path, b"a: \xff\n")))


def test_a_file_beyond_a_megabyte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="larger than"):
        load_file(str(file_of(tmp_path, b"#" * (1 << 21))))
