"""The level below DEBUG; see `wca_compat.logger`."""

from wca_compat.logger import TRACE

__all__ = ["TRACE"]
