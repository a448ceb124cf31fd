# Components within components, checked by the types of those years.
import logging
from enum import Enum
from typing import Dict, List, Optional, Tuple, Union

from wca.config import IpPort, Numeric, Path, Str, register
from wca.databases import Database, LocalDatabase
from wca.detectors import Anomaly, AnomalyDetector, TasksData
from wca.logger import TRACE
from wca.metrics import Metric, MetricName, MetricType
from wca.platforms import Platform
from wca.security import SSL

log = logging.getLogger(__name__)


class Mode(Enum):
    STRICT = 'strict'
    LOOSE = 'loose'


@register
class Thresholds:
    def __init__(self, cpi: Numeric(0.1, 50) = 2.0, by_name: Optional[Dict[Str, Numeric(0, 100)]] = None):
        self.cpi = cpi
        self.by_name = by_name or {}


class ModelDetector(AnomalyDetector):
    def __init__(self,
                 thresholds: 'Thresholds',
                 database: Database,
                 directory: Path(absolute=True, max_size=200),
                 mode: Mode = Mode.STRICT,
                 hosts: List[IpPort] = None,
                 label: Union[Str, Numeric(0, 10), None] = None,
                 ssl: Optional[SSL] = None):
        self.thresholds = thresholds
        self.database = database
        self.directory = directory
        self.mode = mode
        self.hosts = hosts
        self.label = label
        self.ssl = ssl

    def detect(self, platform: Platform, tasks_data: TasksData) -> Tuple[List[Anomaly], List[Metric]]:
        log.log(TRACE, 'mode=%s tasks=%r', self.mode, tasks_data)
        self.database.set(b'calls', b'1')
        return [], [Metric('model_mode', int(self.mode == Mode.STRICT)),
                    Metric('model_cpi', self.thresholds.cpi, type=MetricType.GAUGE),
                    Metric('model_known', len(self.database.get(b'calls')))]
