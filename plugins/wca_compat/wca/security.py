"""TLS; see `wca_compat.security`."""

from wca_compat.security import SSL

__all__ = ["SSL"]
