"""One small HTTP client for all plugins that ask a server: kubelet, API server, Mesos agent.

Its library, urllib3, comes with the packages that use it (`wca-core[net]`).
"""

from __future__ import annotations

from wca_core.net.client import HttpClient
from wca_core.net.credentials import Authorization, BasicAuthorization, BearerToken

__all__ = ["Authorization", "BasicAuthorization", "BearerToken", "HttpClient"]
