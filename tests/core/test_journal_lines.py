"""The lines of the journal: properties of pure functions."""

from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import ContractError
from wca_core.journal.entry import Entry, entry_line, forget_line, parse_head, parse_line

entries = st.builds(
    Entry,
    key=st.tuples(st.text(), st.integers(0)),
    kind=st.text(),
    record=st.dictionaries(st.text(), st.text() | st.integers()),
    before=st.binary(),
    last=st.none() | st.binary(),
    is_pending=st.booleans(),
    torn=st.none() | st.binary(),
    task_id=st.text(),
    type=st.text(),
)


@given(entry=entries)
def test_an_entry_is_the_same_after_its_line(entry: Entry) -> None:
    line = entry_line(entry)

    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert parse_line(line) == entry
    assert parse_line(forget_line(entry.key)) == entry.key


@given(line=st.binary() | entries.map(entry_line).map(lambda line: line[: len(line) // 2]))
def test_no_line_raises_anything_but_a_contract_error(line: bytes) -> None:
    for parse in (parse_line, parse_head):
        try:
            parse(line)
        except ContractError:
            continue
