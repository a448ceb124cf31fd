"""`wca.runners` by its earliest name."""

import sys

import wca.runners

sys.modules[__name__] = wca.runners
