"""Allocators and what they wish."""

from wca_compat.allocations import AllocationType, TaskAllocations, TasksAllocations
from wca_compat.components import Allocator, NOPAllocator
from wca_compat.served import elsewhere

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.model.rdt_allocation import RDTAllocation

__all__ = [
    "AllocationConfiguration",
    "AllocationType",
    "Allocator",
    "NOPAllocator",
    "RDTAllocation",
    "TaskAllocations",
    "TasksAllocations",
]

__getattr__ = elsewhere(__name__)
