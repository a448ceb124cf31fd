"""YAML to a tree with places: every refusal is a ConfigurationError with file and line."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.config.loader import load_file, load_text
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Scalar, Sequence
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


def test_every_part_knows_its_place() -> None:
    tree = load_text("a: 1\nb: !Tag\n  c:\n  - x\n", "wca.yaml")

    assert isinstance(tree, Mapping)
    assert [str(tree.entries[name].place) for name in ("a", "b")] == ["wca.yaml:1:4", "wca.yaml:2:4"]
    assert tree.entries["b"].tag == "Tag"


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    assert refused("a: 1\nb: 2\na: 3\n") == "wca.yaml:3:1: 'a' stands here again; first on line 1"


@pytest.mark.parametrize(
    "tag", ["!!python/object:os.system", "!!python/object/apply:os.system", "!!python/name:os.system"]
)
def test_python_objects_are_refused_with_their_line(tag: str) -> None:
    assert refused(f"a: 1\nb: {tag} [x]\n").startswith("wca.yaml:2:4: python objects cannot be made")


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


def test_sixty_four_parts_within_one_another_are_the_most() -> None:
    assert load_text("[" * 64 + "]" * 64, "wca.yaml")
    assert refused("[" * 65 + "]" * 65) == "wca.yaml:1:65: more than 64 parts within one another"


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


def test_a_file_that_a_group_may_write_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = file_of(tmp_path, mode=0o664)
    if os.getgid() == 0:
        os.chown(path, -1, 12345)

    load_file(str(path))

    assert f"may write it (chmod g-w {path})" in caplog.text


def test_a_file_that_a_group_may_write_is_refused_if_doubts_are_errors(tmp_path: Path) -> None:
    path = file_of(tmp_path, mode=0o664)
    if os.getgid() == 0:
        os.chown(path, -1, 12345)

    with pytest.raises(ConfigurationError, match="refused by --strict-config"):
        load_file(str(path), Problems(strict=True))


def test_a_file_in_a_directory_that_everybody_may_write_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = file_of(tmp_path)
    tmp_path.chmod(0o777)

    load_file(str(path))

    assert f"everybody may replace it (chmod o-w {tmp_path})" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to own a file as another user")
def test_root_reads_the_file_of_another_user(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    os.chown(path, 12345, 12345)

    assert isinstance(load_file(str(path)), Mapping)


@pytest.mark.parametrize("tag", ["File", "file"])
def test_an_included_file_stands_in_the_place_of_its_tag(tmp_path: Path, tag: str) -> None:
    (tmp_path / "inner.yaml").write_text("b: 1\n")

    tree = load_file(str(file_of(tmp_path, f"a: !{tag} inner.yaml\n".encode())))

    assert isinstance(tree, Mapping)
    assert isinstance(tree.entries["a"], Mapping)
    assert str(tree.entries["a"].entries["b"].place) == f"{tmp_path}/inner.yaml:1:4"


def test_two_aliases_of_an_included_file_are_the_same_part(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("b: 1\n")

    tree = load_file(str(file_of(tmp_path, b"a: &x !File inner.yaml\nc: *x\n")))

    assert isinstance(tree, Mapping)
    assert tree.entries["a"] is tree.entries["c"]


def test_an_included_mapping_can_be_merged(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("b: 1\n")

    tree = load_file(str(file_of(tmp_path, b"<<: !File inner.yaml\nc: 2\n")))

    assert isinstance(tree, Mapping)
    assert list(tree.entries) == ["b", "c"]


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("b: !File wca.yaml\n")

    with pytest.raises(ConfigurationError, match=r"inner.yaml:1:4: .*/wca.yaml includes itself \(included at "):
        load_file(str(file_of(tmp_path, b"a: !File inner.yaml\n")))


def test_a_chain_of_more_than_eight_included_files_is_refused(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.yaml").write_text(f"a: !File {number + 1}.yaml\n")
    (tmp_path / "9.yaml").write_text("a: 1\n")

    assert load_file(str(tmp_path / "1.yaml"))
    with pytest.raises(ConfigurationError, match="more than 8 files included"):
        load_file(str(tmp_path / "0.yaml"))


def test_an_included_file_is_checked_like_the_first(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("b: 1\n")
    (tmp_path / "inner.yaml").chmod(0o666)

    with pytest.raises(ConfigurationError, match=r"inner.yaml: everybody may write it .* \(included at .*:1:4\)"):
        load_file(str(file_of(tmp_path, b"a: !File inner.yaml\n")))


def test_files_that_include_each_other_many_times_are_refused_at_once(tmp_path: Path) -> None:
    many = "[" + ", ".join(["!File {}.yaml"] * 50) + "]\n"
    for number in range(7):
        (tmp_path / f"{number}.yaml").write_text(many.replace("{}", str(number + 1)))
    (tmp_path / "7.yaml").write_text("a: 1\n")

    with pytest.raises(ConfigurationError, match="more than 10000 nodes"):
        load_file(str(tmp_path / "0.yaml"))


@pytest.mark.parametrize("value", ["!File [a]", "!File {a: 1}", "!File ''"])
def test_an_include_without_a_path_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="the path of a file expected"):
        load_file(str(file_of(tmp_path, f"a: {value}\n".encode())))


@pytest.mark.parametrize(
    "value",
    ["!<tag:acme.org,2020:x> 1", "!!binary aGk=", "!!set {a}", "!!timestamp 2020-01-01", "!!str [a]", "!!map a"],
)
def test_a_tag_that_means_nothing_here_is_refused(value: str) -> None:
    assert "means nothing here" in refused(f"a: {value}\n")


@pytest.mark.parametrize("value", ["!!bool maybe", "!!int many", "!!float much", "!!null nothing"])
def test_a_word_that_is_not_of_the_type_of_its_tag_is_refused(value: str) -> None:
    assert " is no " in refused(f"a: {value}\n")


def test_several_documents_in_one_file_are_refused() -> None:
    assert refused("a: 1\n---\nb: 2\n").startswith("wca.yaml:2:1: expected a single document")


def test_a_path_of_four_hundred_characters_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 200) / ("e" * 190)
    folder.mkdir(parents=True)

    assert isinstance(load_file(str(file_of(folder))), Mapping)


def test_a_path_that_is_too_long_for_the_kernel_is_told() -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened: File name too long"):
        load_file("/" + "d" * 400)
