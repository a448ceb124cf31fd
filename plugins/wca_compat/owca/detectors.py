"""`wca.detectors` by its earliest name."""

import sys

import wca.detectors

sys.modules[__name__] = wca.detectors
