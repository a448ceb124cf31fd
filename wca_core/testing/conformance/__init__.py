"""What every plugin must keep, whoever wrote it: one fact a check, asked with or without a test runner."""

from __future__ import annotations

from wca_core.testing.conformance.check import BrokenError, Check, NotAskedError, Verdict
from wca_core.testing.conformance.kit import CHECKS, conformance, examine

__all__ = ["CHECKS", "BrokenError", "Check", "NotAskedError", "Verdict", "conformance", "examine"]
