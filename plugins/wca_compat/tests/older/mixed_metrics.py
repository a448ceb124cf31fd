# Good metrics beside bad ones.
from wca.detectors import AnomalyDetector
from wca.metrics import Metric


class Count(int):
    pass


class MixedDetector(AnomalyDetector):
    def detect(self, platform, tasks_data):
        return None, [
            Metric('mixed_good', Count(7), None),
            Metric('mixed bad name', 1),
            Metric('mixed_bad_label', 1, {'a-b': 'c'}),
            Metric('mixed_bad_label_value', 1, {'a': 5}),
            Metric('mixed_bad_type', 1, type='histogram'),
            Metric('mixed_none', None),
            Metric('mixed_nan', float('nan')),
            Metric('mixed_text', '5'),
            Metric('mixed_twice', 1, type='gauge'),
            Metric('mixed_twice', 2, {'other': 'type'}, type='counter'),
            Metric('task_up', 1, {'task': 'again'}),
            Metric('mixed_last', 0.5),
        ]
