"""The one family of errors, named for what happens next.

Every message tells the place, what was wanted, what was found and what to do. Foreign
exceptions are translated once, where they enter, with `raise ... from`.
"""


class WcaError(Exception):
    """Any error that WCA itself raises."""


class ConfigurationError(WcaError):
    """What the user asked for cannot be built: nothing is started, the exit code is 1."""


class PluginError(WcaError):
    """A plugin cannot be found, imported or accepted: nothing is started, the exit code is 1."""


class StartError(WcaError):
    """A plugin refuses to start on this host: what had started is stopped, the exit code is 1."""


class TooManyFailures(WcaError):  # noqa: N818  what happened, not a mistake
    """A plugin failed as often in a row as the configuration permits: the agent ends, the exit code is 1."""


class HostError(WcaError):
    """The machine does not look as the kernel documents it; the message names the path."""


class CgroupGone(HostError):  # noqa: N818  what happened, not a mistake
    """The cgroup does not exist any more: its task yields nothing in this step."""


class ContractError(WcaError):
    """A plugin or a metric broke the rules of its interface: what it gave is dropped and counted."""


class InconvertibleToPrometheusExpositionFormat(ContractError):  # noqa: N818  documented name
    """A sample cannot be written as Prometheus text."""


class FailedDeliveryException(WcaError):  # noqa: N818  documented name
    """A storage could not deliver; the step counts as done and the agent goes on."""


class NetworkError(WcaError):
    """A server did not answer, or not as it should; nothing that was known before is lost."""


class HttpStatusError(NetworkError):
    """A server answered with a status that is none of 2xx."""

    def __init__(self, message: str, *, status: int, location: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.location = location
        """Where it sends to; empty if nowhere."""
        self.retry_after = retry_after
        """Seconds after which it wants to be asked again; None: not told."""


class TaskSynchronizationException(WcaError):  # noqa: N818  documented name
    """A discoverer could not find out which tasks there are: they are not measured in this step, but not gone."""
