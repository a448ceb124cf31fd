"""Databases for models; see `wca_compat.databases`."""

from wca_compat.databases import (
    Database,
    EtcdDatabase,
    InvalidKey,
    LocalDatabase,
    TimeoutOnAllHosts,
    ZookeeperDatabase,
)
from wca_compat.served import elsewhere

__all__ = ["Database", "EtcdDatabase", "InvalidKey", "LocalDatabase", "TimeoutOnAllHosts", "ZookeeperDatabase"]

__getattr__ = elsewhere(__name__)
