"""Calls the hooks, one plugin at a time, so that a plugin that fails costs only what it would have given.

Every call is guarded, timed and counted. After five failures in a row a plugin's hook pauses for 2,
then 4, ... then 64 steps; one success ends that.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pluggy

from wca_core import hookspecs
from wca_core.errors import ContractError, PluginError
from wca_core.gathering import Concatenation, Gatherer, joined
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Samples
from wca_core.model.statistics import Statistics
from wca_core.plugin_api import check_plugin_class, hooks_of, is_last

log = logging.getLogger("wca.dispatch")

T = TypeVar("T")

HOOKS = frozenset(name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "wca_spec"))
FLOW = frozenset({"discover_tasks", "collect_metrics", "derive_metrics", "detect", "allocate", "store"})
STREAMS: frozenset[Stream] = frozenset({"metrics", "anomalies", "allocations"})
BESIDE_SAMPLES: dict[str, tuple[type, ...]] = {"detect": (Anomaly,), "allocate": (Allocation, Anomaly)}
"""What hooks may yield together with samples and blocks."""

ASKED_FOR = frozenset({"reload"})
"""Hooks called because somebody asks, who may have mended what failed: they never pause."""

FAILURES_BEFORE_PAUSE = 5
LONGEST_PAUSE = 64
LONGEST_PAUSES = {"discover_tasks": 4}
"""Of hooks without which the whole agent waits: a server that is back is not to be missed for a minute more."""


@dataclass(eq=False, kw_only=True)
class Binding:
    """A plugin, what it is called for, and which streams it stores."""

    name: str
    plugin: object
    hooks: frozenset[str]
    streams: frozenset[Stream] = frozenset()
    is_default: bool = False
    """Nobody named it: it was filled in, to be shared by all roles that lack one."""


@dataclass(slots=True)
class Outcome(Generic[T]):
    """What one plugin's call gave; `failed` if it raised or pauses."""

    binding: Binding
    items: list[T]
    failed: bool = False


@dataclass(slots=True)
class _BackOff:
    limit: int = LONGEST_PAUSE
    failures: int = 0
    pause: int = 0
    longest: int = 1

    def is_pausing(self) -> bool:
        if self.pause:
            self.pause -= 1
            return True
        return False

    def fail(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES_BEFORE_PAUSE:
            self.longest = min(self.longest * 2, self.limit)
            self.pause = self.longest

    def succeed(self) -> None:
        self.failures, self.longest = 0, 1


class Dispatcher:
    """Knows all plugins of an agent and calls them in the order of the bindings.

    Raises `PluginError` if a plugin cannot be accepted.
    """

    def __init__(self, bindings: Sequence[Binding], statistics: Statistics) -> None:
        self.bindings = with_contained(bindings)
        self._statistics = statistics
        self._gatherers: defaultdict[tuple[str, str], Gatherer] = defaultdict(Gatherer)
        self._concatenations: defaultdict[str, Concatenation] = defaultdict(Concatenation)
        self._back_off: dict[tuple[str, str, object], _BackOff] = {}
        self._manager = pluggy.PluginManager("wca")
        self._manager.add_hookspecs(hookspecs)
        for binding in self.bindings:
            self._register(binding)
        self._callers = self._make_callers()  # last: a subset caller also calls plugins registered after it
        for binding in self.bindings:
            statistics.plugin(binding.name)

    def with_hook(self, hook: str) -> list[Binding]:
        """Those to be called for a hook, in order; those that want to be last come last."""
        found = [binding for binding in self.bindings if (binding.name, hook) in self._callers]
        return sorted(found, key=lambda binding: is_last(binding.plugin, hook))

    def call(self, hook: str, **arguments: object) -> Iterator[Outcome[Any]]:
        """Call each plugin's hook and take everything it yields; a failure is told and counted."""
        for binding in self.with_hook(hook):
            yield self.call_one(binding, hook, **arguments)

    def call_one(self, binding: Binding, hook: str, **arguments: object) -> Outcome[Any]:
        """Call one plugin. Never raises, except what ends the process."""
        health = self._statistics.plugin(binding.name)
        back_off = self._back_off_of(binding, hook, arguments.get("stream"))
        if back_off.is_pausing():
            return Outcome(binding, [], failed=True)
        started = time.perf_counter()
        try:
            items = _taken(self._callers[binding.name, hook](**arguments))
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may raise anything
            back_off.fail()
            health.failing.add(hook)
            health.errors[hook] += 1
            _tell(binding, hook, error, back_off)
            return Outcome(binding, [], failed=True)
        finally:
            health.duration(hook).add(time.perf_counter() - started)
        back_off.succeed()
        health.failing.discard(hook)
        return Outcome(binding, items)

    def collect(self, hook: str, **arguments: object) -> tuple[Samples, list[Outcome[Any]]]:
        """Call a hook that yields samples, blocks and perhaps other things: samples together, the rest by plugin."""
        parts: list[Samples] = []
        outcomes: list[Outcome[Any]] = []
        for binding in self.with_hook(hook):
            outcome = self.call_one(binding, hook, **arguments)
            parts.append(self._gathered(binding, hook, outcome))
            outcomes.append(outcome)
        return joined(parts, self._concatenations[hook]), outcomes

    def start_one(self, binding: Binding, host: Host) -> BaseException | None:
        """Call `start` of one plugin; what it raised, if it refused."""
        try:
            self._callers[binding.name, "start"](host=host)
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may raise anything
            return error
        return None

    def hooks(self, binding: Binding) -> frozenset[str]:
        """The hooks a plugin is called for."""
        return frozenset(hook for name, hook in self._callers if name == binding.name)

    def dropped(self, binding: Binding) -> None:
        """Count a step that a slow storage will not get."""
        self._statistics.plugin(binding.name).dropped += 1

    def fault(self, binding: Binding, hook: str, message: str) -> None:
        """Count and tell that a plugin gave something it must not give."""
        health = self._statistics.plugin(binding.name)
        health.errors[hook] += 1
        health.failing.add(hook)
        log.error("plugin %s, %s: %s", binding.name, hook, message)

    def _back_off_of(self, binding: Binding, hook: str, stream: object) -> _BackOff:
        if hook in ASKED_FOR:
            return _BackOff()
        limit = LONGEST_PAUSES.get(hook, LONGEST_PAUSE)
        return self._back_off.setdefault((binding.name, hook, stream), _BackOff(limit))

    def _gathered(self, binding: Binding, hook: str, outcome: Outcome[object]) -> Samples:
        """The good samples of an outcome, taken out of it."""
        try:
            good, outcome.items, complaint = self._gatherers[binding.name, hook].gather(outcome.items)
        except (ContractError, TypeError) as error:  # TypeError: a block without columns
            good, outcome.items, complaint = Samples(), [], f"{error}; nothing it gave is kept"
        strange = [item for item in outcome.items if not isinstance(item, BESIDE_SAMPLES.get(hook, ()))]
        if strange:
            complaint = complaint or f"gave a {type(strange[0]).__name__}, which is no sample"
        if complaint:
            self.fault(binding, hook, complaint)
        return good

    def _register(self, binding: Binding) -> None:
        check_plugin_class(type(binding.plugin), binding.name, HOOKS)
        try:
            self._manager.register(binding.plugin, binding.name)
            self._manager.check_pending()
        except (ValueError, pluggy.PluginValidationError) as error:
            reason = " ".join(str(error).split())
            raise PluginError(f"plugin {binding.name!r} is refused: {reason}") from error

    def _make_callers(self) -> dict[tuple[str, str], pluggy.HookCaller]:
        plugins = [binding.plugin for binding in self.bindings]
        return {
            (binding.name, hook): self._manager.subset_hook_caller(
                hook, [other for other in plugins if other is not binding.plugin]
            )
            for binding in self.bindings
            for hook in hooks_of(type(binding.plugin))
            if hook in binding.hooks or hook not in FLOW
        }


def with_contained(bindings: Sequence[Binding]) -> list[Binding]:
    """And one for each plugin within another, if it has none: it is started, stopped and tells of its own work."""
    known = {id(binding.plugin) for binding in bindings}
    found = list(bindings)
    for outer in found:  # which grows
        for number, plugin in enumerate(getattr(outer.plugin, "contained", ()), 1):
            if id(plugin) not in known:
                known.add(id(plugin))
                own = hooks_of(type(plugin)) & {"collect_metrics"}
                found.append(Binding(name=f"{outer.name}.{number}", plugin=plugin, hooks=own))
    return found


def _taken(results: Sequence[Iterable[object] | None]) -> list[object]:
    """Everything one implementation gave. Consumes generators, so their errors come out here."""
    items: list[object] = []
    for result in results:
        if result is None:
            continue
        if isinstance(result, str | bytes) or not isinstance(result, Iterable):
            raise ContractError(f"returned {type(result).__name__}; an iterable or None expected")
        items.extend(result)
    return items


def _tell(binding: Binding, hook: str, error: BaseException, back_off: _BackOff) -> None:
    pause = f"; failed {back_off.failures} times in a row, pausing {back_off.pause} steps" if back_off.pause else ""
    log.error(
        "plugin %s failed in %s: %s: %s%s",
        binding.name,
        hook,
        type(error).__name__,
        error,
        pause,
        exc_info=log.isEnabledFor(logging.DEBUG),
    )
