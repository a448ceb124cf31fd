"""What the kernel or the plugin refuses, by `perf_event_policy`."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import PretendedKernel, counting, values
from wca_core.errors import ConfigurationError, StartError

READS, WRITES = "platform_cas_count_reads", "platform_cas_count_writes"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("my/uncore_foo/event=1/", "my: this machine has no PMU 'uncore_foo', and it is no kind .* uncore_imc, "),
        ("my/uncore_imc/foo=1/", "unknown term 'foo'; its terms are edge, event, inv, threshold, umask"),
        ("my/uncore_imc/event=1,foo/", "unknown term 'foo'"),
        ("my/uncore_imc/edge/", "uncore_imc_0: 'event', 'config' or an alias is missing; its terms are edge"),
        ("my/uncore_imc/event=100/", "term 'event': a number of at most 8 bits expected, found 0x100"),
    ],
)
@pytest.mark.parametrize("policy", ["available", "strict", "best_effort"])
def test_what_no_pmu_can_mean_is_refused_at_the_start(tmp_path: Path, event: str, reason: str, policy: str) -> None:
    with (
        pytest.raises(StartError, match=f"uncore cannot start: .*{reason}") as refused,
        counting(given.skylake(tmp_path), [event], perf_event_policy=policy),
    ):
        pass
    assert isinstance(refused.value.__cause__, ConfigurationError)


FIVE = [READS, WRITES, *(f"my_{number}/uncore_imc/event={number}/" for number in range(1, 4))]


@pytest.mark.parametrize("policy", ["available", "strict"])
def test_more_events_than_counters_are_refused_with_what_to_do(tmp_path: Path, policy: str) -> None:
    kernel = PretendedKernel(room={17: 4})

    with (
        pytest.raises(StartError, match=r"no room for my_3 .*: 5 events asked, uncore_imc_0 counts 4 at once \(make"),
        counting(given.skylake(tmp_path), FIVE, kernel, perf_event_policy=policy),
    ):
        pass
    assert kernel.opened == {}


def test_best_effort_lets_them_take_turns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernel = PretendedKernel(room={17: 4, 18: 4})

    with counting(given.skylake(tmp_path), FIVE, kernel, perf_event_policy="best_effort") as run:
        assert [len(group) for group in kernel.groups(17, 0)] == [4, 1]
        assert run.step().names >= {READS, "my_3"}
    assert caplog.text.count("they take turns") == 1


def test_what_many_pmus_refuse_alike_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernel = PretendedKernel(refuses={(17, 0x304): errno.ENOENT, (18, 0x304): errno.ENOENT})

    with counting(given.skylake(tmp_path), [READS, WRITES], kernel) as run:
        assert READS not in run.step().names
    assert caplog.text.count(f"the kernel refused {READS}") == 1


@pytest.mark.parametrize(
    ("number", "policy"),
    [
        (errno.EACCES, "best_effort"),
        (errno.EPERM, "best_effort"),
        (errno.ENOSYS, "best_effort"),
        (errno.ENOSYS, "available"),
    ],
)
def test_what_refuses_every_event_is_told_once(
    tmp_path: Path, number: int, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = PretendedKernel(refuses_all=number)

    with counting(given.skylake(tmp_path), [READS, WRITES], kernel, perf_event_policy=policy) as run:
        assert READS not in run.step().names

    told = [record for record in caplog.records if record.name == "wca.uncore" and record.levelname == "ERROR"]
    assert len(told) == 1
    assert ("perf_event_paranoid=0" in told[0].getMessage()) == (number != errno.ENOSYS)
    assert "seccomp" in told[0].getMessage()


@pytest.mark.parametrize(
    ("number", "policy"),
    [
        (errno.EACCES, "available"),
        (errno.EPERM, "available"),
        (errno.EACCES, "strict"),
        (errno.ENOSYS, "strict"),
    ],
)
def test_without_permission_the_agent_does_not_start(tmp_path: Path, number: int, policy: str) -> None:
    kernel = PretendedKernel(refuses_all=number)
    name = errno.errorcode[number]

    with (
        pytest.raises(StartError, match=rf"refused {READS} on CPU 0 \({name}, type 17, config 0x304\)"),
        counting(given.skylake(tmp_path), [READS], kernel, perf_event_policy=policy),
    ):
        pass


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.EBUSY, errno.EMFILE])
def test_an_event_that_is_refused_costs_only_itself(
    tmp_path: Path, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = PretendedKernel(refuses={(17, 0x304): number})

    with counting(given.skylake(tmp_path), [READS, WRITES], kernel) as run:
        step = run.step()

    assert values(step, READS).keys() == {("0", "18"), ("1", "18")}
    assert values(step, WRITES).keys() == {("0", "17"), ("0", "18"), ("1", "17"), ("1", "18")}
    assert f"refused {READS} on CPU 0 ({errno.errorcode[number]}" in caplog.text


def test_an_encoding_that_the_pmu_refuses_is_told_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernel = PretendedKernel(refuses={(17, 0xFF): errno.EINVAL, (18, 0xFF): errno.EINVAL})

    with counting(given.skylake(tmp_path), ["my/uncore_imc/event=ff/", READS], kernel) as run:
        names = run.step().names

    assert READS in names
    assert "my" not in names
    assert "refused my on CPU 0 (EINVAL, type 17, config 0xff): the PMU has no event of this encoding" in caplog.text


def test_strict_refuses_to_start_with_an_encoding_that_the_pmu_refuses(tmp_path: Path) -> None:
    kernel = PretendedKernel(refuses={(18, 0xFF): errno.EINVAL})

    with (
        pytest.raises(StartError, match=r"uncore_imc_1: .* refused my on CPU 0 \(EINVAL, type 18, config 0xff\)"),
        counting(given.skylake(tmp_path), ["my/uncore_imc/event=ff/"], kernel, perf_event_policy="strict"),
    ):
        pass
    assert kernel.opened == {}
