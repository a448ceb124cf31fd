# Methods that are none, or belong to the class.
class StaticDetector:
    @staticmethod
    def detect(platform, tasks_data):
        return [], []


class ClassAllocator:
    threshold = 0.5

    @classmethod
    def allocate(cls, platform, tasks_data, *, verbose=False):
        return {task: {'cpu_quota': cls.threshold} for task in tasks_data}, None, None
