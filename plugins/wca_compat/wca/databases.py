"""Databases for models; see `wca_compat.databases`."""

from wca_compat.databases import (
    Database,
    EtcdDatabase,
    InvalidKey,
    LocalDatabase,
    TimeoutOnAllHosts,
    ZookeeperDatabase,
)

__all__ = ["Database", "EtcdDatabase", "InvalidKey", "LocalDatabase", "TimeoutOnAllHosts", "ZookeeperDatabase"]
