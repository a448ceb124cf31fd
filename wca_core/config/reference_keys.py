"""Spellings of older files become today's, before anything is made of them.

| found | becomes |
|---|---|
| `!BuildRunner` | `!BuildRunnerProm` |
| `config: !DetectionRunnerConfig {...}` and its like below a runner | the fields of the runner |
| `action_delay`, `metric_storage`, `broker_ips`, ... | their name of today |
| `timeout` on a runner, storages of others on a MeasurementRunner | nothing |
| `algorithm: minimize_migrations` | `minimize_migration` |
| fields of a MeasurementRunner on another runner | its `measurement_runner` |

The rules apply in this order, so that one may find what another left. No part is changed: a part with an old
spelling in or below it is made anew, once however many aliases lead to it, and any other stays the same object.
Only plain words are values: where `minimize_migrations` stands twice through an alias, it is written anew twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Place, Plain, Scalar, Sequence, Tree
from wca_core.errors import ConfigurationError

MEASUREMENT = "MeasurementRunner"
WITH_MEASUREMENT = ("DetectionRunner", "AllocationRunner")
RUNNERS = (MEASUREMENT, *WITH_MEASUREMENT)
OLD_CONFIGS = tuple(f"{runner}Config" for runner in RUNNERS)
OLD_TAGS = {"BuildRunner": "BuildRunnerProm"}
OLD_VALUES = {"NUMAAllocator": {("algorithm", "minimize_migrations"): "minimize_migration"}}

OLD_FIELDS_OF_RUNNERS = {
    "action_delay": "interval",
    "metric_storage": "metrics_storage",
    "anomalies_storages": "anomalies_storage",
    "allocation_storage": "allocations_storage",
}
OLD_FIELDS = {
    **dict.fromkeys(RUNNERS, OLD_FIELDS_OF_RUNNERS),
    "DetectionRunner": {**OLD_FIELDS_OF_RUNNERS, "allocator": "detector"},
    "KafkaStorage": {"broker_ips": "brokers_ips"},
}
IGNORED_FIELDS = {
    **dict.fromkeys(WITH_MEASUREMENT, ("timeout",)),
    MEASUREMENT: ("timeout", "anomalies_storage", "allocations_storage"),
}

ALLOCATION_FIELDS = frozenset(
    (
        *("rdt_mb_control_required", "rdt_cache_control_required", "remove_all_resctrl_groups"),
        *("dry_run", "restore_on_exit", "reconcile", "guard_rails", "audit_log", "on_invalid"),
    )
)
"""An AllocationRunner's own, even if a plugin of the MeasurementRunner answers to them."""


def modernized(tree: Tree, problems: Problems, measurement_keys: Collection[str]) -> Tree:
    """The tree in today's spelling; a warning for each old one, an error for each that contradicts another field.

    `measurement_keys` are the fields of a MeasurementRunner and the keys of runners that plugins answer to. What was
    rewritten keeps the place where it was written; an implicit `measurement_runner` stands where its runner stands.
    Raises `ConfigurationError` only for a tree too deep to be walked.
    """
    try:
        return _Rewriting(problems, frozenset(measurement_keys)).tree(tree)
    except RecursionError as error:
        raise ConfigurationError(f"{tree.place}: nested too deeply") from error


class _Rewriting:
    """From the leaves up, so that no part made anew is looked at again."""

    def __init__(self, problems: Problems, measurement_keys: frozenset[str]) -> None:
        self._problems = problems
        self._measurement_keys = measurement_keys
        self._known: dict[int, Tree] = {}

    def tree(self, part: Tree) -> Tree:
        if id(part) not in self._known:
            self._known[id(part)] = self._rewritten(part)
        return self._known[id(part)]

    def _rewritten(self, part: Tree) -> Tree:
        tag = self._tag(part)
        if isinstance(part, Scalar):
            return part if tag == part.tag else replace(part, tag=tag)
        if isinstance(part, Sequence):
            items = [self.tree(item) for item in part.items]
            return part if (tag, items) == (part.tag, part.items) else replace(part, tag=tag, items=items)
        entries = {name: self.tree(entry) for name, entry in part.entries.items()}
        new = replace(part, tag=tag, entries=entries, key_places=dict(part.key_places))
        self._apply_rules(new)
        return part if (new.tag, new.entries) == (part.tag, part.entries) else new

    def _tag(self, part: Tree) -> str | None:
        if part.tag not in OLD_TAGS:
            return part.tag
        self._problems.warn(part.place, f"!{part.tag} is an old name; write !{OLD_TAGS[part.tag]}")
        return OLD_TAGS[part.tag]

    def _apply_rules(self, component: Mapping) -> None:
        tag = component.tag or ""
        if tag in RUNNERS:
            self._lift_config(component)
        for old, today in OLD_FIELDS.get(tag, {}).items():
            self._rename_field(component, old, today)
        for name in IGNORED_FIELDS.get(tag, ()):
            self._ignore_field(component, name)
        for (name, old), today in OLD_VALUES.get(tag, {}).items():
            self._rename_value(component, name, old, today)
        if tag in WITH_MEASUREMENT:
            self._move_measurement_fields(component)

    def _lift_config(self, runner: Mapping) -> None:
        config = runner.entries.get("config")
        if config is None or config.tag not in OLD_CONFIGS or isinstance(config, Sequence):
            return
        place, _ = _taken(runner, "config")
        advice = f"write its fields directly below !{runner.tag}"
        self._problems.warn(place, f"!{runner.tag} has 'config: !{config.tag}', which is an old form; {advice}")
        fields = config if isinstance(config, Mapping) else Mapping(config.place, config.tag)
        for name, entry in fields.entries.items():
            if name in runner.entries:
                message = f"!{runner.tag} has {name!r} itself and again below 'config'; remove one of them"
                self._problems.error(fields.place_of(name), message)
            else:
                runner.key_places[name], runner.entries[name] = fields.place_of(name), entry

    def _rename_field(self, component: Mapping, old: str, today: str) -> None:
        if old not in component.entries:
            return
        place, entry = _taken(component, old)
        if today in component.entries:
            message = f"!{component.tag} has {today!r} and also {old!r}, its old name; remove {old!r}"
            self._problems.error(place, message)
            return
        component.key_places[today], component.entries[today] = place, entry
        self._problems.warn(place, f"!{component.tag} has {old!r}, which is an old name; write {today!r}")

    def _ignore_field(self, component: Mapping, name: str) -> None:
        if name in component.entries:
            place, _ = _taken(component, name)
            self._problems.warn(place, f"!{component.tag} has {name!r}, which means nothing there; remove it")

    def _rename_value(self, component: Mapping, name: str, old: str, today: str) -> None:
        entry = component.entries.get(name)
        if isinstance(entry, Scalar) and entry.tag is None and entry.value == old:
            component.entries[name] = replace(entry, value=today)
            self._problems.warn(entry.place, f"!{component.tag} {name}: {old!r} is an old name; write {today!r}")

    def _move_measurement_fields(self, runner: Mapping) -> None:
        own = ALLOCATION_FIELDS if runner.tag == "AllocationRunner" else frozenset()
        names = [name for name in runner.entries if name in self._measurement_keys - own]
        if not names:
            return
        measurement = Mapping(runner.place, MEASUREMENT)
        for name in names:
            measurement.key_places[name], measurement.entries[name] = _taken(runner, name)
        first = measurement.place_of(names[0])
        found = f"!{runner.tag} has fields of a {MEASUREMENT} ({', '.join(map(str, names))})"
        if "measurement_runner" in runner.entries:
            self._problems.error(first, f"{found} and a measurement_runner too; write them there")
            return
        runner.entries["measurement_runner"] = measurement
        self._problems.warn(first, f"{found}; write them below 'measurement_runner: !{MEASUREMENT}'")


def _taken(mapping: Mapping, name: Plain) -> tuple[Place, Tree]:
    """Where an entry stood, and the entry; the mapping is without it."""
    place = mapping.place_of(name)
    mapping.key_places.pop(name, None)
    return place, mapping.entries.pop(name)
