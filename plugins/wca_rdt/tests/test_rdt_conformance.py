"""Perf, Uncore and Rdt keep what is asked of every plugin, as far as this machine lets them start."""

from wca_rdt.perf.metrics import Perf
from wca_rdt.perf.uncore.collector import Uncore
from wca_rdt.resctrl.collector import Rdt

from wca_core.testing import conformance

TestPerf = conformance(Perf)
TestUncore = conformance(Uncore)
TestRdt = conformance(Rdt)
