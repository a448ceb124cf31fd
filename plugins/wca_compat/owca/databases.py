"""`wca.databases` by its earliest name."""

import sys

import wca.databases

sys.modules[__name__] = wca.databases
