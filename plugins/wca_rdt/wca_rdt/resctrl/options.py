"""What a configuration says about monitoring; `collector` tells what each means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the configuration says."""

    per_domain: bool
    telemetry: bool
    rotation_steps: int
    assign_counters: bool
    remove_foreign_groups: bool
    cleanup_on_exit: bool
