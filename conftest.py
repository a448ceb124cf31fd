"""Settings for the tests of all rooms."""

import os
import signal
from collections.abc import Iterable

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a script started behind its back
    signal.signal(signal.SIGINT, signal.default_int_handler)

if os.environ.get("WCA_VM") != "1":  # where importing it takes eight seconds
    from hypothesis import settings

    settings.register_profile("wca", deadline=None)  # how long an example takes says more of the machine than of us
    settings.load_profile("wca")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """What each plugin costs is measured with 1000 tasks: minutes together."""
    if os.environ.get("WCA_VM") == "1":
        return
    from wca_core.testing.conformance.growth import CHECKS

    costs = {f"test_{check.__name__}" for check in CHECKS}
    for item in items:
        if item.name in costs and isinstance(item.parent, pytest.Class):
            item.add_marker("costs")
            if os.environ.get("WCA_COSTS") != "1":
                item.add_marker(pytest.mark.skip(reason="what a plugin costs: make test-costs"))
