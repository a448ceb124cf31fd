"""`wca.platforms` by its earliest name."""

import sys

import wca.platforms

sys.modules[__name__] = wca.platforms
