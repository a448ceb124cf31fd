"""What a detector found: tasks that suffer, and those suspected to be the cause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wca_core.errors import ContractError
from wca_core.model.metric import Sample, Series, are_plain_numbers


class ContendedResource(StrEnum):
    """What the tasks compete for; the value is the text of the `resource` label."""

    MEMORY_BW = "memory bandwidth"
    LLC = "cache"
    CPUS = "cpus"
    TDP = "thermal design power"
    UNKN = "unknown resource"
    MEMORY = "memory"
    IO = "io"
    NETWORK = "network"
    NUMA = "numa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One contention that a detector saw. Raises `ContractError` for a field of another type."""

    contended_task_id: str
    contending_task_ids: tuple[str, ...] = ()
    resource: ContendedResource = ContendedResource.UNKN
    context: tuple[Sample, ...] = ()
    """Values and thresholds that led to the finding."""
    encode_unattributed: bool = False
    """Whether a finding without a suspect is stored as a sample too, with an empty `contending_task_id`."""

    def __post_init__(self) -> None:
        ids = self.contending_task_ids
        fits = {
            "contended_task_id": isinstance(self.contended_task_id, str),
            "contending_task_ids": isinstance(ids, tuple | list) and all(isinstance(one, str) for one in ids),
            "resource": isinstance(self.resource, ContendedResource),
            "context": isinstance(self.context, tuple | list) and all(map(_is_writable, self.context)),
        }
        if not all(fits.values()):
            wrong = next(name for name, is_right in fits.items() if not is_right)
            raise ContractError(f"anomaly: {wrong} is {getattr(self, wrong)!r}, of the wrong type")

    @property
    def task_ids(self) -> frozenset[str]:
        """The victim and all suspects."""
        return frozenset((self.contended_task_id, *self.contending_task_ids))

    @property
    def uuid(self) -> str:
        """The same for the same set of task ids, whatever their order, resource or time."""
        import hashlib  # 5 ms for what only those need who found something
        import uuid

        ids = ",".join(sorted((self.contended_task_id, *self.contending_task_ids)))
        digest = hashlib.sha256(ids.encode(errors="surrogatepass")).digest()  # names of cgroups are any bytes
        return str(uuid.UUID(bytes=digest[:16]))


def _is_writable(sample: object) -> bool:
    if not (isinstance(sample, Sample) and are_plain_numbers((sample.value,))):
        return False
    series: object = sample.series
    return isinstance(series, Series) and all(isinstance(text, str) for pair in series.labels.items() for text in pair)
