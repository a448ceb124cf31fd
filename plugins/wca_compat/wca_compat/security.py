"""`wca.security`: how a component proves who it is, and whom it trusts: the `!SSL` of every configuration."""

from __future__ import annotations

from wca_core.tls import SSL

__all__ = ["SSL"]
