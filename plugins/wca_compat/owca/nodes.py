"""`wca.nodes` by its earliest name."""

import sys

import wca.nodes

sys.modules[__name__] = wca.nodes
