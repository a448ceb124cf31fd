"""The machine."""

from wca_compat.platforms import Platform, RDTInformation, get_wca_version
from wca_compat.served import elsewhere

__all__ = ["Platform", "RDTInformation", "get_wca_version"]

__getattr__ = elsewhere(__name__)
