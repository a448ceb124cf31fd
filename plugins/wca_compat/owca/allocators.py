"""`wca.allocators` by its earliest name."""

import sys

import wca.allocators

sys.modules[__name__] = wca.allocators
