"""Types of fields, and registration; see `wca_compat.config`."""

from wca_compat.config import (
    ConfigLoadError,
    IpPort,
    Numeric,
    Path,
    Str,
    Url,
    ValidationError,
    assure_type,
    register,
)
from wca_compat.served import elsewhere

__all__ = [
    "ConfigLoadError",
    "IpPort",
    "Numeric",
    "Path",
    "Str",
    "Url",
    "ValidationError",
    "assure_type",
    "register",
]

__getattr__ = elsewhere(__name__)
