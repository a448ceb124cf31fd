"""Load generators and stressors as Debian ships them, run here, and a Prometheus that scrapes what becomes of them."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from plugins.wca_wrapper.tests.running import stored, wrap, wrapping
from tests.cgroups import wait_until
from tests.test_real_prometheus import free_port, needs, prometheus, queried, running


@contextmanager
def server(*command: str, port: int) -> Iterator[None]:
    """A program that listens there, until the end of the block."""
    with Path("/dev/null").open("wb") as nowhere, running(list(command), nowhere):
        wait_until(lambda: takes_clients(port), f"{command[0]} takes no clients")
        yield


def takes_clients(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The port of a server that keeps nothing on disk."""
    port = free_port()
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path))
    with server("redis-server", "--port", str(port), *options, port=port):
        yield str(port)


def measured(file: Path, parser: str, *command: str, stream: str = "0") -> dict[str, float]:
    """What the wrapper stores of a command that ends well."""
    output = ("--storage_output_filename", str(file), "--metric_name_prefix", "a_")

    ran = wrap("--parser", parser, "--stderr", stream, *output, "--", *command)

    found = stored(file)
    assert (ran.returncode, found["wca_wrapper_parse_errors_total"]) == (0, 0), ran.stderr
    return found


@needs("redis-server", "redis-benchmark")
@pytest.mark.parametrize("style", [["-q"], ["--csv"], []])
def test_redis_benchmark_is_understood(redis: str, tmp_path: Path, style: list[str]) -> None:
    load = ["-p", redis, "-n", "5000", "-t", "set,get", *style]

    found = measured(tmp_path / "values.prom", "redis_benchmark", "redis-benchmark", *load)

    assert all(found[f"a_requests_per_second{{test={test}}}"] > 100 for test in ("set", "get"))
    assert all(0 < found[f"a_latency_p50{{test={test}}}"] < 1000 for test in ("set", "get"))


@needs("stress-ng")
@pytest.mark.parametrize("brevity", ["--metrics", "--metrics-brief"])
def test_stress_ng_is_understood(tmp_path: Path, brevity: str) -> None:
    load = ["--cpu", "1", "--cpu-method", "int64", "--timeout", "1", brevity]

    found = measured(tmp_path / "values.prom", "stress_ng", "stress-ng", *load, stream="both")

    assert found["a_bogo_ops{stressor=cpu}"] > 0
    assert 0.5 < found["a_real_time{stressor=cpu}"] < 60


@needs("sysbench")
@pytest.mark.parametrize(
    ("test", "names"),
    [
        ("cpu", ["eps", "latency_p95", "events_per_second"]),
        ("memory", ["mebibytes_per_second", "summary_operations_per_second", "summary_mebibytes_per_second"]),
        ("threads", ["summary_latency_p95"]),
    ],
)
def test_sysbench_is_understood(tmp_path: Path, test: str, names: list[str]) -> None:
    sizes = ["--memory-total-size=1T"] if test == "memory" else []

    found = measured(
        tmp_path / "values.prom", "sysbench", "sysbench", test, "--time=2", "--report-interval=1", *sizes, "run"
    )

    assert {name: found.get(f"a_{name}", -1) >= 0 for name in names} == dict.fromkeys(names, True)


@needs("fio")
@pytest.mark.parametrize("style", [["--output-format=json"], ["--output-format=json+", "--status-interval=1"], []])
def test_fio_is_understood(tmp_path: Path, style: list[str]) -> None:
    load = ["--name=job", "--rw=randrw", "--size=1M", "--runtime=1", "--time_based", "--ioengine=psync"]

    found = measured(tmp_path / "values.prom", "fio", "fio", *load, f"--directory={tmp_path}", *style)

    assert found["a_read_iops{job=job}"] > 1
    assert found["a_write_bytes_per_second{job=job}"] > 1000
    assert not style or found["a_read_latency_p99{job=job}"] > 0


class Nothing(BaseHTTPRequestHandler):
    """Answers with an empty page."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@needs("wrk")
def test_wrk_is_understood(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_address[1]}/"

        found = measured(tmp_path / "values.prom", "wrk", "wrk", "-t1", "-c2", "-d1s", "--latency", url)

        web.shutdown()
    assert found["a_requests_per_second"] > 1
    assert 0 < found["a_latency_p50"] <= found["a_latency_p99"] < 10_000


@needs("memcached", "memcslap")
def test_memcslap_is_understood(tmp_path: Path) -> None:
    port = free_port()
    with server("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), port=port):
        load = [f"--servers=127.0.0.1:{port}", "--concurrency=1", "--execute-number=500", "--test=set"]

        found = measured(tmp_path / "values.prom", "memcslap", "memcslap", *load)

    assert found["a_operations_per_second{test=set}"] > 1


@needs("prometheus", "redis-server", "redis-benchmark")
def test_prometheus_scrapes_sli_and_slo_of_a_redis_benchmark(redis: str, tmp_path: Path) -> None:
    page = f"127.0.0.1:{free_port()}"
    service = ["--metric_name_prefix", "redis_", "--sli_metric_name", "redis_running_latency_avg", "--slo", "5"]
    load = ["--load_metric_name", "redis_running_requests_per_second", "--peak_load", "1e6"]
    labels = ["--labels", '{"application": "redis", "workload_instance": "redis--6379"}']
    command = ["--", "redis-benchmark", "-p", redis, "-t", "set", "-l", "-q"]

    with (
        wrapping("--quiet", "--parser", "redis_benchmark", "--http_listen", page, *service, *load, *labels, *command),
        prometheus(tmp_path, f"http://{page}", {}) as own,
    ):
        wait_until(lambda: bool(queried(own, "sli_normalized > 0")), "Prometheus has no SLI")

        wait_until(lambda: agrees(own), "what Prometheus has of one scrape does not fit together")
        ((labels_found, _),) = queried(own, "sli")

    assert (labels_found["application"], labels_found["workload_instance"]) == ("redis", "redis--6379")


def agrees(own: str) -> bool:
    """One scrape, by Prometheus's own arithmetic: the SLI is the metric, all normalized values are quotients."""
    checks = [
        "slo == 5",
        "sli == ignoring(test) redis_running_latency_avg",
        "abs(sli_normalized - sli / slo) < 1e-9",
        "abs(load_normalized - load / peak_load) < 1e-9",
        "load == ignoring(test) redis_running_requests_per_second",
        "wca_wrapper_up == 1",
    ]
    return all(queried(own, check) for check in checks)


@needs("prometheus", "stress-ng")
def test_prometheus_scrapes_sli_and_slo_of_stress_ng(tmp_path: Path) -> None:
    """It tells its numbers at its end only; started again and again it is an application that goes on."""
    page = f"127.0.0.1:{free_port()}"
    of_interest = "stress_ng_bogo_ops_per_second_usr_sys_time"
    service = ["--sli_metric_name", of_interest, "--inverse_sli_metric_value", "--slo", "0.01"]
    command = ["--", "stress-ng", "--cpu", "1", "--timeout", "1", "--metrics-brief"]
    again = ["--restart", "always", "--restart_delay", "0"]
    parser = ["--parser", "stress_ng", "--stderr", "both", "--metric_name_prefix", "stress_ng_"]

    with (
        wrapping("--quiet", *parser, "--http_listen", page, *service, *again, *command),
        prometheus(tmp_path, f"http://{page}", {}) as own,
    ):
        inverse = f"abs(sli - ignoring(stressor) 1 / {of_interest}) < 1e-9"
        wait_until(lambda: bool(queried(own, inverse)), "Prometheus has no SLI")

        found = queried(own, "abs(sli_normalized - sli / slo) < 1e-9")

    assert len(found) == 1


@needs("promtool")
def test_promtool_finds_nothing_wrong_with_a_file_but_the_names_that_are_documented(tmp_path: Path) -> None:
    file = tmp_path / "values.prom"
    wrap("--sli_metric_name", "x", "--storage_output_filename", str(file), "--", "echo", "x=1")

    command = ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=file.read_bytes(), capture_output=True, check=False)

    complaints = (checked.stdout + checked.stderr).decode().splitlines()
    assert [line for line in complaints if 'should have "_total" suffix' not in line] == []
