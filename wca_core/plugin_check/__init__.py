"""Asks plugins whether they keep what every plugin must: the checks of `wca_core.testing`, for people and programs.

| module | knows |
|---|---|
| `targets` | which classes are meant by a name, a folder, a file or a module |
| `asking` | one examination, in a process of its own: whatever a plugin does when it is imported, there is a report |
| `examination` | what that process does |
| `report` | what came of it, as text and as JSON |
"""

from __future__ import annotations

from wca_core.plugin_check.asking import asked
from wca_core.plugin_check.report import Report
from wca_core.plugin_check.targets import Target, targets_of

__all__ = ["Report", "Target", "asked", "targets_of"]
