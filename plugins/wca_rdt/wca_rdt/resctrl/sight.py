"""What is in a mounted resctrl during one step: groups at once, the threads of control groups when somebody asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wca_core.linux.files import is_gone
from wca_rdt.resctrl.groups import ROOT, Groups, MonGroup, Resctrl


class Sight:
    """One step's. Raises `OSError` if the groups cannot be listed."""

    def __init__(self, resctrl: Resctrl) -> None:
        self.resctrl = resctrl
        self.groups: Groups = resctrl.groups()
        self._threads: dict[str, set[int]] = {}
        self._holders: dict[str, list[MonGroup]] | None = None

    @property
    def controls(self) -> list[str]:
        """The control groups but the root."""
        return [control for control in self.groups.by_control if control != ROOT]

    def threads(self, control: str) -> set[int]:
        """Of a control group, as they were when first asked. Raises `OSError`, `ValueError`."""
        found = self._threads.get(control)
        if found is None:
            try:
                found = self._threads[control] = self.resctrl.control_threads(control)
            except OSError as error:
                if not is_gone(error):
                    raise
                found = self._threads[control] = set()
        return found

    def strays(self, control: str, threads: Collection[int]) -> set[int]:
        """Those of these threads that are in another control group than this one."""
        if control != ROOT:
            return set(threads) - self.threads(control)
        return set(threads).intersection(*[set().union(*map(self.threads, self.controls))])

    def home(self, threads: Collection[int]) -> str:
        """The control group that most of these threads are in."""
        return most_of(threads, {control: self.threads(control) for control in self.controls})

    def holders(self, name: str) -> list[MonGroup]:
        """The monitoring groups of this name, in whichever control group."""
        if self._holders is None:
            self._holders = {}
            for group in self.groups:
                self._holders.setdefault(group.name, []).append(group)
        return self._holders.get(name, [])


def most_of(threads: Collection[int], by_control: Mapping[str, Collection[int]]) -> str:
    """The control group with most of the threads, where all that are in none of these are in the root.

    Of several with as many the root, else the first by name.
    """
    wanted = set(threads)
    found = {control: len(wanted.intersection(by_control[control])) for control in sorted(by_control)}
    counts = {ROOT: len(wanted) - sum(found.values()), **found}
    return max(counts, key=lambda control: counts[control])
