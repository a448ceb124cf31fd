"""What one invalid wish costs the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar

from wca_core.enforcement.merging import Place
from wca_core.model.allocation import Refusal

OnInvalid: TypeAlias = Literal["ignore_all", "ignore_task"]

T = TypeVar("T")


def remaining(accepted: Mapping[Place, T], invalid: Iterable[Refusal], on_invalid: OnInvalid) -> dict[Place, T]:
    """What is left of the accepted.

    | on_invalid | an invalid wish drops |
    |---|---|
    | ignore_all | all of this step |
    | ignore_task | those of its task |
    """
    tasks = {refusal.task_id for refusal in invalid}
    if not tasks:
        return dict(accepted)
    if on_invalid == "ignore_all":
        return {}
    return {place: what for place, what in accepted.items() if place[0] not in tasks}
