"""`wca.config` by its earliest name."""

import sys

import wca.config

sys.modules[__name__] = wca.config
