"""Fields are checked before anything starts, and mean what they always meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wca_numa.allocator import NUMAAllocator

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError


def allocator_of(folder: Path, fields: str) -> NUMAAllocator:
    """The allocator of a file in the tree form."""
    file = folder / "wca.yaml"
    file.write_text(
        "runner: !AllocationRunner\n"
        "  measurement_runner: !MeasurementRunner\n"
        "    node: !LocalNode\n"
        f"  allocator: !NUMAAllocator {{{fields}}}\n"
    )
    allocator = configured(Request(file=str(file))).runner.allocator  # type: ignore[attr-defined]
    assert isinstance(allocator, NUMAAllocator)
    return allocator


def test_defaults_are_the_documented_ones(tmp_path: Path) -> None:
    allocator = allocator_of(tmp_path, "")

    assert allocator.algorithm == "fill_biggest_first"
    assert (allocator.loop_min_task_balance, allocator.migrate_pages_min_task_balance) == (0.0, 0.95)
    assert (allocator.migrate_pages, allocator.free_space_check, allocator.dryrun) == (True, False, False)
    assert (allocator.cgroups_memory_binding, allocator.cgroups_memory_migrate) == (False, False)
    assert (allocator.candidate_nodes, allocator.task_selector, allocator.migrate_from_nodes) == (None, None, None)
    assert (allocator.keep_subset_pinning, allocator.allow_swap, allocator.migrate_pages_budget) == (False, False, 5.0)


def test_all_fields_of_the_original_are_taken(tmp_path: Path) -> None:
    allocator = allocator_of(
        tmp_path,
        "algorithm: minimize_migration, loop_min_task_balance: 0.5, free_space_check: true, migrate_pages: false, "
        "migrate_pages_min_task_balance: null, cgroups_memory_binding: true, cgroups_memory_migrate: true, "
        "dryrun: true",
    )

    assert (allocator.algorithm, allocator.loop_min_task_balance) == ("minimize_migration", 0.5)
    assert (allocator.free_space_check, allocator.migrate_pages, allocator.dryrun) == (True, False, True)
    assert allocator.migrate_pages_min_task_balance is None
    assert (allocator.cgroups_memory_binding, allocator.cgroups_memory_migrate) == (True, True)


def test_the_old_name_of_an_algorithm_is_understood(tmp_path: Path) -> None:
    assert allocator_of(tmp_path, "algorithm: minimize_migrations").algorithm == "minimize_migration"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("algorithm", "best", "minimize_migration"),
        ("loop_min_task_balance", 1.1, "from 0 to 1"),
        ("migrate_pages_min_task_balance", -0.1, "from 0 to 1"),
        ("page_size", 0, "of 1 or more"),
        ("migrate_pages_budget", -1, "of 0 or more"),
        ("candidate_nodes", "[-1]", "from 0 to 1023"),
        ("migrate_from_nodes", "[1024]", "from 0 to 1023"),
        ("task_selector", '{app: "("}', "a regular expression"),
        ("task_selector", '{"a-b": x}', "a label name"),
        ("free_space_check", 1, "true or false"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_is_expected(
    tmp_path: Path, field: str, value: Any, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        allocator_of(tmp_path, f"{field}: {value}")

    assert field in str(refused.value)
    assert expected in str(refused.value)


def test_what_pages_need_of_a_machine_is_told_as_optional() -> None:
    needs = {need.need.split()[0]: need for need in NUMAAllocator().requirements()}

    assert {"CAP_SYS_NICE", "CAP_SYS_PTRACE", "more"} <= needs.keys()
    assert not any(need.required for need in needs.values())
    assert needs["CAP_SYS_NICE"].only_with == ""


def test_nobody_misses_what_moving_pages_needs_where_none_are_moved() -> None:
    needs = NUMAAllocator(migrate_pages=False).requirements()

    assert {need.only_with for need in needs if need.need.startswith("CAP_")} == {"migrate_pages"}
