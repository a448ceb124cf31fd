"""Settings for the tests of all rooms."""

import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a script started behind its back
    signal.signal(signal.SIGINT, signal.default_int_handler)

if os.environ.get("WCA_VM") != "1":  # where importing it takes eight seconds
    from hypothesis import settings

    settings.register_profile("wca", deadline=None)  # how long an example takes says more of the machine than of us
    settings.load_profile("wca")
