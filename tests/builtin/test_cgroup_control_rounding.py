"""What `cgroup-control` does with wishes that the kernel cannot have as they are."""

from __future__ import annotations

import pytest

from tests.builtin.test_cgroup_control import A, Controlled, v1, v2  # noqa: F401  fixtures
from wca_core.model.allocation import Allocation
from wca_core.testing import Machine


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "wca.cgroup-control"]


@pytest.mark.parametrize(
    ("wishes", "value", "message"),
    [
        ({"cpu_quota": 0.001}, 0.0025, "cpu_quota 0.001 of task /a becomes 0.0025: the kernel takes no quota below"),
        ({"cpu_shares": 1000.0}, 262.144, "cpu_shares 1000 of task /a become 262.144: the kernel takes no others"),
        ({"cpu_shares": 0.0}, 0.002, "cpu_shares 0 of task /a become 0.002: the kernel takes no others"),
    ],
)
def test_what_the_kernel_clamps_is_told_once_and_as_it_will_be(
    v1: Machine,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    wishes: dict[str, float],
    value: float,
    message: str,
) -> None:
    controlled = Controlled(v1, A)

    for _ in range(2):
        (answer,) = controlled.answers(A, **wishes)

    assert isinstance(answer, Allocation)
    assert answer.value == value
    assert [text.startswith(message) for text in told(caplog)] == [True]


@pytest.mark.parametrize(
    "wishes", [{"cpu_quota": 0.3}, {"cpu_quota": 1.0}, {"cpu_shares": 0.5005}, {"cpu_shares": 2.0}]
)
def test_what_is_only_rounded_is_not_told(
    v1: Machine,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    wishes: dict[str, float],
) -> None:
    Controlled(v1, A).answers(A, **wishes)

    assert told(caplog) == []


def test_to_inherit_again_is_in_force_where_there_is_no_list_of_its_own(v2: Machine) -> None:  # noqa: F811
    controlled = Controlled(v2, A)

    (inherits,) = controlled.answers(A, cpuset_cpus="")
    v2.file("/sys/fs/cgroup/a/cpuset.cpus", "0-1\n").file("/sys/fs/cgroup/a/cpuset.cpus.effective", "0-1\n")
    writes = controlled.writes(A, cpuset_cpus="")

    assert isinstance(inherits, Allocation)
    assert inherits.value == "0,1,2,3"
    assert writes == [("a/cpuset.cpus", b"")]
