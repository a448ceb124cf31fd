"""The plugin `k8s`: the pods that run on this node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

from wca_core.config.field_types import Between, IsPath, ReadablePath, Str, Url
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.net.last_answer import LastAnswer
from wca_core.net.polls import METRICS as POLL_METRICS
from wca_core.net.polls import Polls
from wca_core.plugin_api import hookimpl, plugin
from wca_core.tls import SSL
from wca_k8s.access import Access
from wca_k8s.apiserver import ApiServer, Versions
from wca_k8s.cgroups import CgroupDriverType
from wca_k8s.checks import as_text, check_api_server, checked_namespaces, checked_selector
from wca_k8s.kubelet import Kubelet
from wca_k8s.metrics import METRICS, samples
from wca_k8s.pods import HostNamespacePods, Rules, is_on_node
from wca_k8s.search import CgroupSearch
from wca_k8s.sources import Polling, Source, Watching
from wca_k8s.tasks import PodTasks, TaskPer
from wca_k8s.watch import Watch

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class KubernetesNode:
    """The pods of this node, told by its kubelet or by the API server of the cluster."""

    tells_its_lacks = True

    kubelet_enabled: bool = False
    """Ask the kubelet of this node in every step, instead of watching the API server."""
    kubelet_endpoint: Url = "https://127.0.0.1:10250"
    """A path is left away."""
    kubeapi_host: Str | None = None
    kubeapi_port: Str | int | None = None
    node_name: Str | None = None
    """The name of this node (`spec.nodeName` of its pods): the API server then sends its pods only."""
    node_ip: Str | None = None
    """The address of this node (`status.hostIP` of its pods), where its name is not known: all pods are sent."""
    monitored_namespaces: list[Str] = field(default_factory=lambda: ["default"])
    """`["*"]`: all."""
    pod_label_selector: Str | None = None
    """Only these pods: `app=web,tier in (a, b),!legacy`."""
    pod_exclude_label_selector: Str | None = None
    """None of these pods."""
    host_namespace_pods: HostNamespacePods = "include"
    """What about pods in the network, PID or IPC namespace of the host."""
    require_ready: bool = True
    """Only pods with all containers ready; false: pods with a running container."""
    include_init_containers: bool = True
    """Running init, sidecar and ephemeral containers are measured with their pod."""
    task_per: TaskPer = "pod"
    max_tasks: Annotated[int, Between(1)] = 1000
    """Pods behind so many tasks are passed over."""
    use_status_resources: bool = False
    """Take requests and limits from the status of containers, as they are after a resize in place."""
    cgroup_driver: CgroupDriverType = CgroupDriverType.CGROUPFS
    """`auto`: found out from the cgroups there are, or from the kubelet."""
    container_runtime: Literal["auto", "docker", "containerd", "crio"] = "auto"
    """`auto`: told by the id of each container."""
    cgroup_root: Annotated[str, IsPath(absolute=True)] = "/"
    """The cgroup above `kubepods` (`--cgroup-root` of the kubelet)."""
    ssl: SSL | None = None
    client_token_path: ReadablePath | None = f"{SERVICE_ACCOUNT}/token"
    """Read again whenever it was renewed."""
    server_cert_ca_path: ReadablePath | None = f"{SERVICE_ACCOUNT}/ca.crt"
    timeout: Annotated[float, Between(1, 60)] = 5.0
    """Seconds, for connecting and for each read; twice that for all of one answer."""
    watch: bool | None = None
    """Whether the API server tells of changes by itself; false: it is asked in every step. Unset: true."""
    page_limit: Annotated[int, Between(1, 5000)] = 500
    """Pods that the API server sends at once."""
    max_staleness: Annotated[float, Between(0, 600)] = 0.0
    """Seconds for which the last answer stands in for those that fail."""
    max_response_bytes: Annotated[int, Between(1024)] = 1 << 26

    _namespaces: list[str] | None = field(init=False, repr=False)
    """None: all."""
    _rules: Rules = field(init=False, repr=False)
    _tasks: PodTasks = field(init=False, repr=False)
    _source: Source | None = field(default=None, init=False, repr=False)
    _polls: Polls | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._namespaces = checked_namespaces(self.monitored_namespaces)
        if not self.kubelet_enabled:
            check_api_server(
                host=as_text(self.kubeapi_host),
                port=as_text(self.kubeapi_port),
                node_name=as_text(self.node_name),
                node_ip=as_text(self.node_ip),
            )
        elif self.watch:
            raise ConfigurationError("watch: true needs the API server: a kubelet (kubelet_enabled) cannot be watched")
        self._rules = self._made_rules()
        search = CgroupSearch(CgroupDriverType(self.cgroup_driver), self.cgroup_root, self.container_runtime)
        self._tasks = PodTasks(self._rules, search, self.task_per, self.max_tasks)

    @hookimpl
    def start(self, host: Host) -> None:
        self._opened(host).start()

    @hookimpl
    def stop(self) -> None:
        if self._source is not None:
            self._source.stop()
            self._source = None

    @hookimpl
    def discover_tasks(self, host: Host) -> Sequence[Task]:
        return self._tasks.of(self._opened(host).documents(), host)

    @property
    def is_stale(self) -> bool:
        """Whether pods are known, but perhaps not those of now: nothing is allocated to them."""
        return self._source is not None and self._source.is_stale

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_k8s.needs import API_CURE, KUBELET_CURE, host_cgroups, pods_told  # not needed to start

        if self.kubelet_enabled:
            kubelet = self._access.kubelet(self.kubelet_endpoint)
            told = pods_told(f"the kubelet at {kubelet.url}", Kubelet(kubelet).pods, KUBELET_CURE)
        else:
            api, namespaces = self._api_server(), [None] if self._namespaces is None else self._namespaces
            told = pods_told(f"the API server at {api.client.url}", lambda: api.pods(namespaces), API_CURE)
        return [host_cgroups(), told]

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return (*POLL_METRICS, *METRICS)

    @hookimpl
    def collect_metrics(self) -> Iterable[Sample]:
        if self._polls is not None and self._source is not None:
            yield from self._polls.samples()
            yield from samples(self._tasks.skipped, is_stale=self._source.is_stale)

    def _made_rules(self) -> Rules:
        asks_api = not self.kubelet_enabled
        return Rules(
            namespaces=None if self._namespaces is None else frozenset(self._namespaces),
            node_name=as_text(self.node_name) if asks_api else "",
            node_ip=as_text(self.node_ip) if asks_api else "",
            require_ready=self.require_ready,
            include_init_containers=self.include_init_containers,
            host_namespace_pods=self.host_namespace_pods,
            selector=checked_selector("pod_label_selector", self.pod_label_selector),
            exclude_selector=checked_selector("pod_exclude_label_selector", self.pod_exclude_label_selector),
            use_status_resources=self.use_status_resources,
        )

    def _opened(self, host: Host) -> Source:
        if self._source is None:
            self._polls = Polls("k8s", host.clock.now)
            self._source = self._kubelet(host, self._polls) if self.kubelet_enabled else self._api(host, self._polls)
        return self._source

    def _kubelet(self, host: Host, polls: Polls) -> Source:
        kubelet = Kubelet(self._access.kubelet(self.kubelet_endpoint))
        self._tasks.search.ask_driver = kubelet.cgroup_driver
        return self._polling(kubelet.pods, kubelet.close, host, polls)

    def _api(self, host: Host, polls: Polls) -> Source:
        namespaces = [None] if self._namespaces is None else self._namespaces
        if self.watch is False:
            api, newest = self._api_server(), Versions()
            return self._polling(lambda: api.pods(namespaces, newest), api.close, host, polls)
        wanted = partial(is_on_node, rules=self._rules)
        return Watching(
            [Watch(self._api_server(), namespace, wanted=wanted, polls=polls) for namespace in namespaces],
            patience=2 * self.timeout,
        )

    def _polling(
        self, ask: Callable[[], Sequence[object]], close: Callable[[], None], host: Host, polls: Polls
    ) -> Polling:
        return Polling(ask, close, polls, LastAnswer("k8s", self.max_staleness, host.clock))

    def _api_server(self) -> ApiServer:
        """One for each thread that asks."""
        return ApiServer(
            client=self._access.api_server(as_text(self.kubeapi_host).strip("[]"), as_text(self.kubeapi_port)),
            timeout=self.timeout,
            page_limit=self.page_limit,
            node_name=self._rules.node_name,
            label_selector=self._rules.selector.text if self._rules.selector else "",
        )

    @property
    def _access(self) -> Access:
        return Access(
            ssl=self.ssl,
            client_token_path=self.client_token_path,
            server_cert_ca_path=self.server_cert_ca_path,
            timeout=self.timeout,
            max_response_bytes=self.max_response_bytes,
        )
