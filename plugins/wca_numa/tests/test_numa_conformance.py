"""NUMAAllocator keeps what is asked of every plugin."""

from wca_numa.allocator import NUMAAllocator

from wca_core.testing import conformance

TestConformance = conformance(NUMAAllocator)
