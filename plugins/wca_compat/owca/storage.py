"""`wca.storage` by its earliest name."""

import sys

import wca.storage

sys.modules[__name__] = wca.storage
