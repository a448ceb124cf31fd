"""What a person wants to see of one step, made from the samples that a storage gets: pure, and only when asked for.

A storage gives every step to `OverviewMaker.add`, which costs nearly nothing; whoever shows it asks for `overview()`.
"""

from wca_core.overview.encoding import as_json, from_json
from wca_core.overview.maker import OverviewMaker
from wca_core.overview.rows import Event, Overview, TaskRow

__all__ = ["Event", "Overview", "OverviewMaker", "TaskRow", "as_json", "from_json"]
