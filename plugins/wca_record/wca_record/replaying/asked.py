"""Which plugins are replayed to, of what a command line and a file ask for: those that detect, allocate or derive."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from wca_core.configuration import Configured, Request, configured
from wca_core.dispatch import Binding
from wca_core.errors import ConfigurationError
from wca_core.plugin_api import hooks_of
from wca_core.registration import registered
from wca_core.registry import Registry
from wca_record.recorder import Recorder
from wca_record.replaying.cast import Cast

log = logging.getLogger("wca.replay")

ADVICE = "collectors measure nothing in a replay: name a detector or allocator"


def cast_of(request: Request) -> Cast:
    """What is replayed to. Without a file and names: the classes registered by `-r` that have hooks.

    Raises `ConfigurationError`, also if there is nobody.
    """
    registry = Registry()
    if request.is_bare:
        names = tuple(name for name, one in registered.items() if hooks_of(registry.plugin_class(one.cls)))
        if not names:
            raise ConfigurationError(f"nothing to replay to: --plugins NAME ({ADVICE})")
        request = Request(file=None, plugins=names, overrides=request.overrides, strict=request.strict)
    asked = configured(request, registry)
    if not asked.has_plan:
        name = type(asked.runner).__name__
        raise ConfigurationError(f"!{name} has a loop of its own, to which nothing can be replayed")
    return _cast(asked, _words(request.plugins, registry))


def _cast(asked: Configured, named: Collection[str]) -> Cast:
    plan = asked.plan()
    used = [one for one in plan.bindings if _is_used(one, named)]
    if not used:
        raise ConfigurationError(f"{_listed(named, asked)}: {ADVICE}")
    left = [one.name for one in plan.bindings if one not in used and (one.hooks or one.name in named)]
    if asked.file is not None and left:
        log.info("of %s only %s is used; not %s", asked.file, _names(used), ", ".join(left))
    elif unused := [name for name in named if name not in [one.name for one in used]]:
        log.warning("left out, as nothing is measured or stored in a replay: %s", ", ".join(unused))
    return Cast(used, plan.allocation, plan.task_classes)


def _is_used(binding: Binding, named: Collection[str]) -> bool:
    """What a recorded agent derived is in the recording already: that is done again only if asked for by name."""
    if isinstance(binding.plugin, Recorder):
        return False
    wanted = {"detect", "allocate", *(("derive_metrics",) if binding.name in named else ())}
    return bool(binding.hooks & wanted)


def _words(names: Sequence[str], registry: Registry) -> list[str]:
    return [registry.word_of(name) for name in names]


def _listed(named: Collection[str], asked: Configured) -> str:
    return ", ".join(named) or str(asked.file)


def _names(bindings: Sequence[Binding]) -> str:
    return ", ".join(binding.name for binding in bindings)
