"""The machine."""

from wca_compat.platforms import Platform, RDTInformation, get_wca_version

__all__ = ["Platform", "RDTInformation", "get_wca_version"]
