"""What a test body says to be run in the guest only: `pytestmark = in_guest`."""

import os

import pytest

IS_GUEST = os.environ.get("WCA_VM") == "1"

in_guest = [
    pytest.mark.vm,
    pytest.mark.skipif(not IS_GUEST, reason="runs inside the virtual machine (python -m tests.vm)"),
]
