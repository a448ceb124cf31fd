"""A storage of ours for a component that knows storages as they were."""

from __future__ import annotations

from wca_compat.metrics import Metric
from wca_compat.our_node import start
from wca_compat.output import listed
from wca_compat.samples import SampleMaker
from wca_compat.storage import Storage
from wca_core.errors import ContractError, FailedDeliveryException
from wca_core.host import Host
from wca_core.model.metric import Samples
from wca_core.plugin_api import call_hook


class _NoLabels(Host):
    """This machine without common labels: the metrics of older components have theirs already."""

    @property
    def labels(self) -> dict[str, str]:
        return {}


class OurStorage(Storage):
    """Gives metrics to a plugin with the hook `store`, started before and stopped at the end of the process.

    A metric that cannot be stored is dropped and told.
    """

    def __init__(self, plugin: object) -> None:
        self.plugin = plugin
        self._is_started = False
        self._maker = SampleMaker(type(plugin).__name__)

    def store(self, metrics: list[Metric]) -> None:
        """Raises `FailedDeliveryException` for whatever went wrong, but `ContractError` for what are no metrics."""
        given = listed(metrics, Metric, "what is stored")
        self._maker.begin({})
        samples = Samples.of(self._maker.samples(given))
        try:
            if not self._is_started:
                start(self.plugin, _NoLabels(), self)
                self._is_started = True
            call_hook(self.plugin, "store", samples=samples, stream="metrics")
        except (ContractError, FailedDeliveryException):
            raise
        except Exception as error:
            raise FailedDeliveryException(f"{type(self.plugin).__name__}: {error}") from error
