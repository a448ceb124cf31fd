"""Sets of CPUs and of NUMA nodes as they are wished: `"0-3,8"`, or the numbers themselves."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from wca_core.errors import ContractError
from wca_core.linux.cpulist import HIGHEST, format_cpulist, parse_cpulist
from wca_core.model.shown import shown


def ids_of(value: object) -> frozenset[int]:
    """The numbers that a wish names; none for an empty one. Raises `ContractError` that says what is wrong.

    | value | |
    |---|---|
    | `"0-3, 8"`, `""` | numbers and ranges `a-b`, separated by commas, blanks allowed |
    | `[0, 1, 8]` | any collection of ints from 0 on |
    | `"3-1"`, `"-1"`, `"a"`, `"1,,2"`, `"0-7:1/2"`, `[True]`, `[-1]`, `5`, None | invalid |
    """
    if isinstance(value, str):
        return _ids_of_text(value)
    if not isinstance(value, list | tuple | set | frozenset):
        raise ContractError(f"a list of numbers such as '0-3,8' expected, found {shown(value)}")
    for item in value:
        if type(item) is not int or not 0 <= item < HIGHEST:
            raise ContractError(f"whole numbers from 0 to {HIGHEST - 1} expected, found {shown(item)}")
    return frozenset(value)


def canonical(ids: Iterable[int]) -> str:
    """As metrics and writes have them: sorted, separated by commas, each once. Empty for none."""
    return format_cpulist(frozenset(ids))


@lru_cache(maxsize=4096)  # the same few texts come again for every task in every step
def _ids_of_text(text: str) -> frozenset[int]:
    if ":" in text:  # the kernel takes `0-7:1/2`, the documents of allocations never did
        raise ContractError(f"numbers and ranges such as '0-3,8' expected, found {text!r:.80}")
    try:
        return parse_cpulist(text)
    except ValueError as error:
        raise ContractError(str(error)) from error
