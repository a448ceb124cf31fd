"""What goes on to our own streams, whatever those are."""

from __future__ import annotations

import os
import subprocess
import threading
import time

from wca_wrapper.echo import Shared

from plugins.wca_wrapper.tests.running import WCA, program

AMOUNT = 1 << 20
"""More than a pipe holds."""


def read_slowly(descriptor: int) -> int:
    """How many bytes come in all."""
    count = 0
    while chunk := os.read(descriptor, 1 << 15):
        count += len(chunk)
        time.sleep(0.001)
    return count


def test_all_of_it_goes_to_a_stream_that_does_not_wait_for_its_reader() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    counts: list[int] = []
    reader = threading.Thread(target=lambda: counts.append(read_slowly(reading)))
    reader.start()

    Shared(writing).write(b"x" * AMOUNT)
    os.close(writing)
    reader.join(30)
    os.close(reading)

    assert counts == [AMOUNT]


def test_an_application_is_handed_on_whole_to_an_output_that_does_not_wait() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # as a parent leaves it that reads many children in one loop
    words = [*WCA, "wrap", *program(f"import sys; sys.stdout.write('x' * {AMOUNT - 1} + '\\n'); sys.exit(4)")]

    with subprocess.Popen(words, stdout=writing, stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        count = read_slowly(reading)
        os.close(reading)
        code = process.wait(30)

    assert (count, code) == (AMOUNT, 4)
