"""`wca.logger`: the level below DEBUG."""

from __future__ import annotations

import logging

from wca_core.logs import TRACE

__all__ = ["TRACE"]

logging.addLevelName(TRACE, "TRACE")
