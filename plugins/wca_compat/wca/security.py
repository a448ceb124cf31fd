"""TLS; see `wca_compat.security`."""

from wca_compat.security import SSL
from wca_compat.served import elsewhere

__all__ = ["SSL"]

__getattr__ = elsewhere(__name__)
