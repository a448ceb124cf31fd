"""The level below DEBUG; see `wca_compat.logger`."""

from wca_compat.logger import TRACE
from wca_compat.served import elsewhere

__all__ = ["TRACE"]

__getattr__ = elsewhere(__name__)
