"""From an order to a wrapper that is ready to run: parser, outputs, service level."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from wca_wrapper.asked import made_storage
from wca_wrapper.echo import Shared
from wca_wrapper.newest import Newest
from wca_wrapper.one_run import Handling
from wca_wrapper.outputs.file import FileOutput
from wca_wrapper.outputs.plugged import PluggedOutput
from wca_wrapper.outputs.standard_error import StandardErrorOutput
from wca_wrapper.parsers import made_parser
from wca_wrapper.parsers.contract import Parser
from wca_wrapper.parsers.default import compiled
from wca_wrapper.process import words_of
from wca_wrapper.running import FORWARDED_SIGNALS, GAVE_UP, Wrapper
from wca_wrapper.settings import Wrapping
from wca_wrapper.storing import PAUSES, Deliveries, Delivery, Output
from wca_wrapper.tally import Tally

log = logging.getLogger("wca.wrapper")

KAFKA = {"mode": "sync", "max_timeout_in_seconds": 5.0}
"""A failed delivery is told, and tried again here, after at most this time for a message."""
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
LAST_DELIVERIES = 60.0
"""Seconds that the outputs have in all, once the application has ended: all attempts of an update, and its sending."""


def wrapped(order: Wrapping, pauses: Sequence[float] = PAUSES) -> int:
    """Run what is ordered to its end: the exit code. To be called in the main thread, for signals.

    `pauses`: seconds before further attempts to deliver.

    Raises `WcaError` if something of it cannot be made or started.
    """
    tally, newest, standard_error = Tally(order.labels), Newest(order.metrics_ttl), Shared(STANDARD_ERROR)
    wrapper = Wrapper(
        handling=_handling(order, tally, standard_error),
        service_level=order.service_level,
        tally=tally,
        newest=newest,
        restart=order.restart,
        restart_delay=order.restart_delay,
    )
    outputs = _started(order, tally, newest, standard_error)
    given_up: list[int] = []

    def give_up() -> None:
        given_up.append(GAVE_UP)
        wrapper.abort(GAVE_UP)

    on_failure = give_up if order.storage_failures == "exit" else None
    wrapper.deliveries = Deliveries([Delivery(output, tally, on_failure, pauses) for output in outputs])
    code = _delivered(wrapper)
    return code or (given_up[0] if given_up else 0)


def _handling(order: Wrapping, tally: Tally, standard_error: Shared) -> Handling:
    make_parser = _parser_maker(order)
    make_parser()  # what is wrong with it is told before anything is started
    return Handling(
        words=order.words or words_of(order.command or "", by_shell=order.subprocess_shell),
        make_parser=make_parser,
        tally=tally,
        streams=order.stderr,
        echoes=None if order.quiet else (Shared(STANDARD_OUTPUT), standard_error),
        grace_period=order.grace_period,
        parser_must_not_fail=order.parser_failures == "exit",
    )


def _delivered(wrapper: Wrapper) -> int:
    """Run it, and give the outputs time for what is left."""
    with _handled(wrapper):
        try:
            return wrapper.run()
        finally:
            if not wrapper.deliveries.finish(LAST_DELIVERIES):
                log.error("some updates are lost: an output is still busy %g s after the end", LAST_DELIVERIES)


@contextmanager
def _handled(wrapper: Wrapper) -> Iterator[None]:
    """Signals go to the wrapper."""
    before = {number: signal.signal(number, wrapper.on_signal) for number in FORWARDED_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser_maker(order: Wrapping) -> Callable[[], Parser]:
    """A new parser for every run: what one has begun does not belong to the next."""
    further = {"mode": order.mode, "drop_time_label": order.drop_time_label}

    def make() -> Parser:
        given = {
            "regexp": order.regexp,
            "separator": order.separator,
            "labels": dict(order.labels),
            "metric_name_prefix": order.metric_name_prefix,
        }
        return made_parser(order.parser, given, further)

    for option, text in (("regexp", order.regexp), ("separator", order.separator)):
        if text is not None:
            compiled(text, option)
    return make


def _started(order: Wrapping, tally: Tally, newest: Newest, standard_error: Shared) -> list[Output]:
    """All outputs; if one cannot be made, the others are stopped."""
    outputs: list[Output] = []
    try:
        outputs.extend(make() for make in _makers(order, tally, newest, standard_error))
    except BaseException:
        for output in outputs:
            output.stop()
        raise
    return outputs


def _makers(order: Wrapping, tally: Tally, newest: Newest, standard_error: Shared) -> Iterator[Callable[[], Output]]:
    """Standard error only where nothing else is named."""
    path, listen, brokers = order.storage_output_filename, order.http_listen, order.kafka_brokers
    if path is not None:
        yield lambda: FileOutput(path, tally, newest, forgets=order.metrics_ttl > 0)
    if listen is not None:
        yield lambda: _page(listen, tally, newest)
    if brokers:
        fields = {"topic": order.kafka_topic, "brokers_ips": brokers, **KAFKA}
        yield lambda: PluggedOutput(made_storage("kafka", fields, "--kafka_brokers"), "kafka", tally)
    for number, storage in enumerate(order.storages):
        yield partial(PluggedOutput, storage, f"{type(storage).__name__}-{number + 1}", tally)
    if not (path or listen or brokers or order.storages):
        yield lambda: StandardErrorOutput(standard_error.write, tally)


def _page(listen: str, tally: Tally, newest: Newest) -> Output:
    from wca_wrapper.outputs.page import PageOutput  # a server is imported by those who serve

    return PageOutput(listen, tally, newest)
