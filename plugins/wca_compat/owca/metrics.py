"""`wca.metrics` by its earliest name."""

import sys

import wca.metrics

sys.modules[__name__] = wca.metrics
