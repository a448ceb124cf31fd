"""The one error of the bench."""

from __future__ import annotations


class BenchError(Exception):
    """Something cannot be measured here; the message says what is missing or what went wrong."""
