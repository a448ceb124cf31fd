"""Where models are kept: bytes by key, in a directory, in etcd or in ZooKeeper."""

from __future__ import annotations

from wca_compat.databases.contract import Database, InvalidKey, TimeoutOnAllHosts
from wca_compat.databases.etcd import EtcdDatabase
from wca_compat.databases.local import LocalDatabase
from wca_compat.databases.zookeeper import ZookeeperDatabase

__all__ = ["Database", "EtcdDatabase", "InvalidKey", "LocalDatabase", "TimeoutOnAllHosts", "ZookeeperDatabase"]
