"""resctrl itself: what making, removing and moving a group does, over the tree that is served."""

import errno
import threading
import time
from collections.abc import Callable, Iterable

from plugins.wca_rdt.tests.resctrl.emulator.files import control_files, info_folder, monitoring_data, thread_files
from plugins.wca_rdt.tests.resctrl.emulator.groups import Group, first_values
from plugins.wca_rdt.tests.resctrl.emulator.hardware import INTEL, UNIT, Hardware
from plugins.wca_rdt.tests.resctrl.emulator.identifiers import Closids, Rmids
from plugins.wca_rdt.tests.resctrl.emulator.layout import closids_of, layout_of, require_options
from plugins.wca_rdt.tests.resctrl.emulator.monitors import Monitors
from plugins.wca_rdt.tests.resctrl.emulator.status import Status
from plugins.wca_rdt.tests.resctrl.emulator.tasks import Membership
from plugins.wca_rdt.tests.resctrl.emulator.tree import Folder

MONITORING = "mon_groups"


class Resctrl:
    """A fresh mount; raises OSError EINVAL for options that it cannot have. `clock` in seconds, for the limbo."""

    def __init__(
        self,
        hardware: Hardware = INTEL,
        options: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hardware, self.options = hardware, frozenset(options)
        require_options(self.options, hardware)
        self.lock = threading.RLock()
        self.status, self.monitors = Status(), Monitors()
        self.layout = layout_of(hardware, self.options)
        self.threshold = (hardware.cache.size if hardware.cache else 16 << 20) // hardware.rmids // UNIT * UNIT
        self.closids = Closids(closids_of(hardware, self.options))
        self.rmids = Rmids(hardware.rmids, self._is_clean, clock, hardware.rmids_per_closid)
        self.default = Group("", 0, 0)
        self.groups = [self.default]
        self.default.values = first_values([], self.default, self.layout)
        self.members = Membership(self.default)
        self.root = self.default.folder
        self.root.owner = self.default
        info_folder(self)
        self._fill(self.default)

    def find(self, path: str) -> Group:
        """The group at `path` below the root; raises KeyError."""
        folder = self.root
        for name in filter(None, path.split("/")):
            child = folder.children[name]
            assert isinstance(child, Folder)
            folder = child
        assert isinstance(folder.owner, Group)
        return folder.owner

    def mkdir(self, parent: Folder, name: str) -> None:
        if not parent.is_live or name in parent.children:
            raise OSError(errno.EEXIST if parent.is_live else errno.ENOENT, name)
        if "\n" in name:
            raise OSError(errno.EINVAL, "a newline in the name")
        if parent is self.root and self.hardware.has_allocation:
            self._make_control(name)
        elif parent.role == MONITORING and name != MONITORING and self.hardware.events:
            self._make_monitoring(parent, name)
        else:
            raise OSError(errno.EPERM, name)

    def _make_control(self, name: str) -> None:
        try:
            closid = self.closids.take()
        except OSError as error:
            self.status.refuse(error.errno or 0, "Out of CLOSIDs")
        try:
            group = Group(name, closid, self._take_rmid(closid))
        except OSError:
            self.closids.give_back(closid)
            raise
        group.values = first_values(self.groups, group, self.layout)
        if not self._is_possible(group):
            self._forget(group)
            raise OSError(errno.ENOSPC, name)
        self.groups.append(group)
        group.folder = self.root.folder(name, "group", group)
        self._fill(group)

    def _is_possible(self, group: Group) -> bool:
        """Whether the masks left over by exclusive groups are masks at all."""
        for resource in self.layout.resources:
            for domain, mask in group.values[resource.name].items():
                if resource.cache is not None and mask.bit_count() < resource.cache.least_bits:
                    self.status.add(f"No space on {resource.name}:{domain}")
                    return False
        return True

    def _make_monitoring(self, parent: Folder, name: str) -> None:
        control = parent.owner
        assert isinstance(control, Group)
        group = Group(name, control.closid, self._take_rmid(control.closid), control)
        control.monitoring.append(group)
        group.folder = parent.folder(name, "group", group)
        self._fill(group)

    def _take_rmid(self, closid: int) -> int:
        if not self.hardware.events:
            return 0
        try:
            return self.rmids.take(closid)
        except OSError as error:
            self.status.refuse(error.errno or 0, "Out of RMIDs")

    def _fill(self, group: Group) -> None:
        """The files that a new group has, and its monitors begun."""
        if group.parent is None and self.hardware.events:
            group.folder.folder(MONITORING, MONITORING, group)
        if group.parent is None:
            control_files(self, group)
        thread_files(self, group)
        if self.hardware.events:
            monitoring_data(self, group)

    def rmdir(self, parent: Folder, name: str) -> None:
        folder = parent.children.get(name)
        if folder is None:
            raise OSError(errno.ENOENT, name)
        if not isinstance(folder, Folder):
            raise OSError(errno.ENOTDIR, name)
        group = folder.owner
        if not isinstance(group, Group) or folder.role != "group" or group is self.default:
            raise OSError(errno.EPERM, name)
        for child in list(group.monitoring):
            self._forget(child)
        self._forget(group)
        parent.remove(name)

    def _forget(self, group: Group) -> None:
        """Its threads go to its parent, or to the root; its ids are given back."""
        self.members.hand_over(group, group.parent or self.default)
        if self.hardware.events:
            self.rmids.give_back(group.rmid)
        if group.parent is not None:
            group.parent.monitoring.remove(group)
            return
        self.closids.give_back(group.closid)
        if group in self.groups:
            self.groups.remove(group)

    def rename(self, parent: Folder, name: str, new_parent: Folder, new_name: str) -> None:
        """Moves a monitoring group, with its threads and its counts, into another control group."""
        node = parent.children.get(name)
        if node is None:
            raise OSError(errno.ENOENT, name)
        self.status.clear()
        if not isinstance(node, Folder):
            self.status.refuse(errno.EPERM, "Source and destination must be directories")
        group, control = node.owner, new_parent.owner
        if not isinstance(group, Group) or not isinstance(control, Group):
            raise OSError(errno.ENOENT, name)
        if group.parent is None or node.role != "group":
            self.status.refuse(errno.EPERM, "Source must be a MON group")
        if new_parent.role != MONITORING or new_name == MONITORING:
            self.status.refuse(errno.EPERM, "Destination must be a mon_groups subdirectory")
        if new_name in new_parent.children:
            raise OSError(errno.EEXIST, new_name)
        if self.hardware.rmids_per_closid is not None and group.closid != control.closid:
            raise OSError(errno.EOPNOTSUPP, "the RMID belongs to the CLOSID")
        self._reparent(group, control, parent.children.pop(name), new_name)

    def _reparent(self, group: Group, control: Group, folder: object, name: str) -> None:
        assert group.parent is not None
        assert isinstance(folder, Folder)
        group.parent.monitoring.remove(group)
        control.monitoring.append(group)
        group.parent, group.closid, group.name = control, control.closid, name
        place = control.folder.children[MONITORING]
        assert isinstance(place, Folder)
        place.children[name] = folder
        folder.parent = place

    def _is_clean(self, rmid: int) -> bool:
        return all(self.monitors.at(domain, rmid).occupancy < self.threshold for domain in self.hardware.domains)
