"""From bytes to lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper.lines import Lines


def lines_of(*chunks: bytes, longest: int = 1 << 20) -> list[str]:
    lines = Lines(longest)
    return [line for chunk in chunks for line in lines.feed(chunk)] + list(lines.end())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"10%\r20%\r\n", ["10%", "20%"]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\r\nb", ["a", "", "b"]),
        (b"", []),
        (b"\n", [""]),
    ],
)
def test_a_line_ends_with_a_newline_a_return_or_both(text: bytes, lines: list[str]) -> None:
    assert lines_of(text) == lines


@given(st.lists(st.sampled_from([b"a", b"b", b"\n", b"\r", b"\r\n", "é".encode()]), max_size=30), st.data())
def test_lines_cut_anywhere_are_the_same_lines(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))

    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert lines_of(*chunks) == lines_of(whole)


def test_what_is_no_utf8_is_replaced() -> None:
    assert lines_of(b"a\xff=1\n") == ["a\ufffd=1"]


def test_the_rest_of_a_line_that_is_too_long_is_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    assert lines_of(b"abcdef", b"ghi\njk\nlmnopq\n", longest=4) == ["abcd", "jk", "lmno"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_line_without_end_takes_no_more_memory_than_is_granted() -> None:
    lines = Lines(100)

    assert [line for _ in range(1000) for line in lines.feed(b"x" * 1000)] == []
    assert list(lines.end()) == ["x" * 100]
