"""What a test body says to be run in the guest only: `pytestmark = in_guest`, or `in_counted_guest`."""

import os

import pytest

IS_GUEST = os.environ.get("WCA_VM") == "1"
IS_COUNTED = os.environ.get("WCA_VM_COUNTED") == "1"

in_guest = [
    pytest.mark.vm,
    pytest.mark.skipif(not IS_GUEST, reason="runs inside the virtual machine (python -m tests.vm)"),
]
in_counted_guest = [
    pytest.mark.counted,
    pytest.mark.skipif(not IS_COUNTED, reason="runs where time is instructions (python -m tests.vm --counted)"),
]
