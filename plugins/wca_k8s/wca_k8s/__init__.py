"""`k8s`: the pods of Kubernetes that run on this node, as tasks."""
