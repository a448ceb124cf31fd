"""MesosNode keeps what is asked of every plugin."""

from wca_mesos.node import MesosNode

from wca_core.testing import conformance

TestConformance = conformance(MesosNode, timeout=1.0)
