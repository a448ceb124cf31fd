"""`wca.logger` by its earliest name."""

import sys

import wca.logger

sys.modules[__name__] = wca.logger
