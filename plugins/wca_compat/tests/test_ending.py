"""What ends a call of an older component: its own doing is its own fault, what the agent does passes through."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from wca_compat.adapted import contained

from wca_core import ContractError
from wca_core.signals import StepTakesTooLong


@contextmanager
def handled_by(handler: signal.Handlers | object) -> Iterator[None]:
    """SIGINT, as long as this lasts."""
    before = signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_step_that_the_agent_breaks_off_is_broken_off() -> None:
    with pytest.raises(StepTakesTooLong), contained("Older", "detect"):
        raise StepTakesTooLong


@pytest.mark.parametrize("ending", [SystemExit(3), GeneratorExit(), KeyboardInterrupt()])
def test_in_an_agent_whatever_else_would_end_it_is_a_failed_output(ending: BaseException) -> None:
    with (
        handled_by(lambda number, frame: None),
        pytest.raises(ContractError, match=rf"Older\.detect would have ended the process: {type(ending).__name__}"),
        contained("Older", "detect"),
    ):
        raise ending


def test_ctrl_c_ends_what_has_no_handler_of_its_own() -> None:
    with handled_by(signal.default_int_handler), pytest.raises(KeyboardInterrupt), contained("Older", "detect"):
        raise KeyboardInterrupt


def test_a_thread_never_gets_ctrl_c() -> None:
    raised: list[BaseException] = []

    def store() -> None:
        try:
            with contained("Older", "store"):
                raise KeyboardInterrupt
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    with handled_by(signal.default_int_handler):
        thread = threading.Thread(target=store)
        thread.start()
        thread.join()

    assert [type(error) for error in raised] == [ContractError]
