# Reads what only the first generation had, and compares enums with strings.
from wca.detectors import AnomalyDetector, TaskResource
from wca.metrics import Metric, MetricName


class BusyDetector(AnomalyDetector):
    def detect(self, platform, measurements, resources, labels):
        assert MetricName.INSTRUCTIONS == 'instructions'
        assert TaskResource.CPUS == 'cpus'
        metrics = [Metric('busy_cpu', usage, {'cpu': str(cpu)}) for cpu, usage in platform.cpus_usage.items()]
        for socket, cores in platform.topology.items():
            for core, cpus in cores.items():
                metrics.append(Metric('busy_core', sum(platform.cpus_usage[cpu] for cpu in cpus),
                                      labels={'socket': str(socket), 'core': str(core)}))
        metrics.append(Metric('busy_asked', sum(resources[task].get('cpus', 0) for task in resources)))
        if platform.rdt_information is None:
            metrics.append(Metric('busy_rdt', 0))
        return [], metrics
