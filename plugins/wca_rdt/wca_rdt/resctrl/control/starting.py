"""What is written when an agent starts that allocates: old groups removed if asked, then the limits of the root group.

The root is where every task without an allocation is: it starts from the maximum, or from what is configured.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.errors import ContractError, StartError
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.write import Writer
from wca_rdt.resctrl.control.removal import Removal
from wca_rdt.resctrl.control.resources import Offer
from wca_rdt.resctrl.control.schemata import APART, written
from wca_rdt.resctrl.control.schemata_write import SchemataWrite
from wca_rdt.resctrl.control.wanted import values_of
from wca_rdt.resctrl.groups import ROOT, Resctrl

log = logging.getLogger("wca.rdt")

DEFAULTS = {"default_rdt_l3": ("l3", "L3"), "default_rdt_mb": ("mb", "MB")}


def remove_groups(resctrl: Resctrl, transaction: Writer, prefix: str) -> int:
    """Remove all groups, monitoring groups of the root first; how many are left. Raises `OSError`.

    `prefix`: only control groups that begin so, and monitoring groups of the root that are ours.
    """
    left = 0
    for directory in list(_groups(resctrl, prefix)):
        outcome = transaction.apply([Removal(resctrl.path, directory)])
        failures = [failure for task in outcome.tasks.values() for failure in task.failures]
        if failures and os.path.isdir(directory):
            left += 1
    if left:
        log.warning("remove_all_resctrl_groups: %d groups could not be removed", left)
    return left


def root_lines(offer: Offer, configuration: AllocationConfiguration) -> list[str]:
    """The lines that the root group gets. Raises `StartError` for a default that this machine does not take."""
    values = {
        name: dict.fromkeys(resource.domains, resource.most)
        for name, resource in offer.resources.items()
        if name in ("L3", *APART["L3"], "MB")
    }
    for option, (field, resource_name) in DEFAULTS.items():
        line = getattr(configuration, option)
        if not line:
            continue
        if not offer.names(resource_name):
            log.warning("%s is left out: this machine cannot divide %s", option, resource_name)
            continue
        try:
            for name, amounts in values_of(RDTAllocation(ROOT, **{field: line}), offer).items():
                values[name].update(amounts)
        except ContractError as error:
            raise StartError(f"{option}: {error}") from error
    return [written(name, amounts) for name, amounts in values.items()]


def write_root(resctrl: Resctrl, transaction: Writer, lines: list[str]) -> None:
    """Raises `StartError` with the kernel's reason."""
    outcome = transaction.apply([SchemataWrite(resctrl.path, ROOT, line) for line in lines])
    failures = [failure for task in outcome.tasks.values() for failure in task.failures]
    if failures:
        raise StartError(f"{failures[0].place}: {failures[0].detail}")


def _groups(resctrl: Resctrl, prefix: str) -> Iterator[str]:
    groups = resctrl.groups()
    for group in groups:
        if group.control == ROOT and (not prefix or group.name.startswith(prefix) or resctrl.is_ours(group)):
            yield resctrl.directory(group)
    for control in groups.by_control:
        directory = resctrl.control_directory(control)
        if control != ROOT and control.startswith(prefix) and os.path.exists(f"{directory}/tasks"):
            yield directory
