"""Tasks of a Mesos agent for WCA, the Workload Collocation Agent."""
