"""`wca.security` by its earliest name."""

import sys

import wca.security

sys.modules[__name__] = wca.security
