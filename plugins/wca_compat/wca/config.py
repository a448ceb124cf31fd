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
