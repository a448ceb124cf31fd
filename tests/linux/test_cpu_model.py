"""What a CPU says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms import EPYC, NEOVERSE, XEON
from wca_core.linux.cpu_model import CpuModel, cpu_model
from wca_core.linux.procfs import parse_cpuinfo

MIDR = 0x413FD0C1


@pytest.mark.parametrize(
    ("cpuinfo", "midr", "model"),
    [
        (
            XEON,
            None,
            CpuModel(
                name="Intel(R) Xeon(R) Gold 6240Y CPU @ 2.60GHz: rev 7",
                vendor="GenuineIntel",
                family=6,
                number=85,
                stepping=7,
            ),
        ),
        (
            EPYC,
            None,
            CpuModel(
                name="AMD EPYC 9654 96-Core Processor", vendor="AuthenticAMD", family=0x19, number=0x11, stepping=1
            ),
        ),
        (NEOVERSE, MIDR, CpuModel(is_arm=True, vendor="ARM", number=0xD0C, stepping=1)),
        (NEOVERSE, None, CpuModel(is_arm=True, vendor="ARM", number=0xD0C, stepping=1)),
        ("", 0x99000000, CpuModel(is_arm=True, vendor="implementer 0x99")),
        ("", None, CpuModel()),
        ("model : x\nstepping : unknown\n", None, CpuModel()),
    ],
)
def test_a_cpu_is_known_by_its_numbers(cpuinfo: str, midr: int | None, model: CpuModel) -> None:
    assert cpu_model(parse_cpuinfo(cpuinfo), midr) == model


@given(
    st.dictionaries(st.sampled_from(["model", "CPU implementer", "CPU part", "model name"]), st.text()), st.integers()
)
def test_nothing_a_cpu_says_raises(fields: dict[str, str], midr: int) -> None:
    cpu_model(fields, None)
    cpu_model(fields, midr)
