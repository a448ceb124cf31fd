"""KubernetesNode keeps what is asked of every plugin."""

from wca_k8s.node import KubernetesNode

from wca_core.testing import conformance

TestConformance = conformance(KubernetesNode, kubelet_enabled=True, timeout=1.0)
