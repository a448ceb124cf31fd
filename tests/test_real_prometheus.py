"""Real readers of what is stored: Prometheus scrapes the endpoint, node_exporter reads the file, promtool checks."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.asking import asked
from tests.certificates import Authority
from tests.cgroups import Cgroup, Cgroups, real_cgroups_or_skip, wait_until
from tests.kernel_truth import read_truth
from tests.measuring import PYTHON
from tests.test_end_to_end import complaints, run_of_wca, unknown_lints
from wca_core.configuration import Request, configured

BURNING = """
import time
while time.process_time() < 1.5: pass
print("burned", flush=True)
time.sleep(1000)
"""
ENDPOINT = {"prometheus": {"listen": "127.0.0.1:0"}}
USED = 1.4
"""Seconds that the task used at least; the first moments of its process were in another cgroup."""
SECRET = "s3cret-of-the-test"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)} (tests/apt-packages.txt)")


@pytest.fixture
def burned() -> Iterator[Cgroup]:
    """A cgroup whose process has used 1.5 s of CPU time and sleeps now."""
    with real_cgroups_or_skip() as made:
        yield burning_in(made)


def burning_in(made: Cgroups) -> Cgroup:
    cgroup = made.make("task")
    process = cgroup.run(*PYTHON, BURNING)
    assert process.stdout is not None
    assert process.stdout.readline() == b"burned\n"
    return cgroup


@contextmanager
def agent(folder: Path, cgroup_path: str, storage: Mapping[str, object]) -> Iterator[str]:
    """A `wca run` that measures this cgroup five times a second: the URL of its endpoint, if it has one."""
    log = folder / "wca.log"
    file = folder / "wca.yaml"
    plugins = {"static": {"tasks": [cgroup_path]}, **storage}
    file.write_text(json.dumps({"agent": {"interval": 0.2}, "plugins": plugins}))
    file.chmod(0o600)
    with log.open("wb") as output, running(run_of_wca("-c", str(file)), output) as process:
        if "prometheus" in storage:
            wait_until(lambda: " serving " in log.read_text(), "the agent serves nothing")
        yield (re.findall(r" serving (\S+)", log.read_text()) or [""])[0]
    assert (process.returncode, complaints(log.read_text())) == (0, [])


@contextmanager
def running(command: list[str], output: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program that ends with the block; it must not end before."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:  # type: ignore[call-overload]
        try:
            yield process
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def free_port() -> int:
    """A port for a program that cannot tell which one it was given."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def prometheus(folder: Path, url: str, options: Mapping[str, object]) -> Iterator[str]:
    """A Prometheus that scrapes this URL once a second: its own URL."""
    parts = urlsplit(url)
    job = {"job_name": "wca", "scheme": parts.scheme, "static_configs": [{"targets": [parts.netloc]}], **options}
    configuration = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(configuration))
    own = f"127.0.0.1:{free_port()}"
    places = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command = ["prometheus", *places, f"--web.listen-address={own}"]
    with (folder / "prometheus.log").open("wb") as output, running(command, output):
        yield f"http://{own}"


def queried(url: str, query: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each series that a query gives; none while Prometheus is not ready."""
    try:
        reply = asked(url, f"/api/v1/query?query={quote(query)}")
    except OSError:
        return []
    if reply.status != 200:
        return []
    return [(one["metric"], float(one["value"][1])) for one in json.loads(reply.text)["data"]["result"]]


def wait_for_cpu_seconds(url: str, metric: str, cgroup: Cgroup) -> None:
    """Until Prometheus knows what the cgroup used, and that is what the kernel says."""
    query = f'{metric}{{task_id="{cgroup.path}"}}'
    wait_until(lambda: any(value >= USED for _, value in queried(url, query)), f"no {query}")
    ((labels, value),) = queried(url, query)
    assert (labels["job"], value >= USED) == ("wca", True)
    assert value <= read_truth(cgroup)["task_cpu_usage_seconds", ""] < value + 0.5


@pytest.mark.root
@needs("prometheus")
def test_prometheus_scrapes_the_cpu_seconds_of_a_real_cgroup(burned: Cgroup, tmp_path: Path) -> None:
    with (
        agent(tmp_path, burned.path, ENDPOINT) as url,
        prometheus(tmp_path, url, {}) as own,
    ):
        wait_for_cpu_seconds(own, "task_cpu_usage_seconds", burned)

        assert [value for _, value in queried(own, "up")] == [1]
        (stored,) = [value for _, value in queried(own, "scrape_samples_scraped")]
        page = asked(url, "/metrics").text
    families = list(text_string_to_metric_families(page))
    assert stored == sum(len(family.samples) for family in families) > 100


@pytest.mark.root
@needs("prometheus", "openssl")
def test_prometheus_scrapes_openmetrics_over_tls_with_certificate_and_token(burned: Cgroup, tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "authority")
    (server, server_key), (client, client_key) = authority.sign("server"), authority.sign("client")
    token = tmp_path / "token"
    token.write_text(SECRET)
    token.chmod(0o600)
    files = {"cert_path": server, "key_path": server_key, "client_ca_path": authority.certificate}
    storage = {"listen": "127.0.0.1:0", "openmetrics": True, "token_path": str(token), **files}
    scraping = {
        "tls_config": {"ca_file": authority.certificate, "cert_file": client, "key_file": client_key},
        "authorization": {"credentials_file": str(token)},
    }

    with agent(tmp_path, burned.path, {"prometheus": storage}) as url, prometheus(tmp_path, url, scraping) as own:
        wait_for_cpu_seconds(own, "task_cpu_usage_seconds_total", burned)

        (metadata,) = json.loads(asked(own, "/api/v1/metadata?metric=task_cpu_usage_seconds").text)["data"].values()
        assert [(one["type"], one["unit"]) for one in metadata] == [("counter", "seconds")]
        assert url.startswith("https://")
    assert SECRET not in (tmp_path / "wca.log").read_text()


@pytest.mark.root
@needs("prometheus-node-exporter")
def test_node_exporter_reads_the_file_that_is_overwritten(burned: Cgroup, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    collector = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={texts}"]
    own = f"127.0.0.1:{free_port()}"
    exporter = ["prometheus-node-exporter", f"--web.listen-address={own}", *collector]
    written = {"log": {"output_filename": str(texts / "wca.prom"), "overwrite": True}}

    with (tmp_path / "exporter.log").open("wb") as log, agent(tmp_path, burned.path, written), running(exporter, log):
        wait_until(lambda: "task_cpu_usage_seconds" in page_of(own), "the exporter does not show the task")
        page = page_of(own)

    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert [one.value for one in families["node_textfile_scrape_error"].samples] == [0]
    (usage,) = families["task_cpu_usage_seconds"].samples
    assert (usage.labels["task_id"], usage.value >= USED) == (burned.path, True)


def page_of(address: str) -> str:
    with suppress(OSError):
        return asked(f"http://{address}", "/metrics").text
    return ""


@needs("promtool")
def test_promtool_finds_nothing_but_the_known_lints_on_the_page(tmp_path: Path) -> None:
    with agent(tmp_path, "/no-such-task", ENDPOINT) as url:
        wait_until(lambda: asked(url, "/readyz").status == 200, "no step has ended")
        page = asked(url, "/metrics").text

    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)

    assert unknown_lints((checked.stdout + checked.stderr).splitlines()) == []
    assert checked.returncode in (0, 3)


def test_a_port_in_use_ends_the_agent_with_1_and_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = subprocess.run(
            run_of_wca("--plugins", "prometheus", "--set", f"prometheus.listen=127.0.0.1:{port}"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert process.returncode == 1
    (line,) = complaints(process.stdout)
    assert f"prometheus cannot start: cannot listen on 127.0.0.1:{port}: the port is in use" in line
    assert process.stderr == ""


def test_a_signal_ends_the_agent_though_clients_stall(tmp_path: Path) -> None:
    with agent(tmp_path, "/no-such-task", ENDPOINT) as url:
        where = urlsplit(url).hostname, urlsplit(url).port
        stalling = [socket.create_connection(where) for _ in range(5)]  # type: ignore[arg-type]
        stalling[0].sendall(b"GET /metr")

    for client in stalling:
        client.close()


HOW_TO = (Path(__file__).parent.parent / "docs" / "how-to" / "scrape-with-prometheus.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", HOW_TO, re.DOTALL)


@pytest.mark.parametrize("text", [one for one in EXAMPLES if "scrape_configs" not in one])
def test_a_configuration_of_the_how_to_is_right(text: str, tmp_path: Path) -> None:
    text = re.sub(r"/(etc|var)/[\w/-]*/", f"{tmp_path}/", text)
    for path in re.findall(rf"{tmp_path}/[\w.]+", text):
        Path(path).touch()
    file = tmp_path / "wca.yaml"
    file.write_text(text)

    assert configured(Request(file=str(file))).plan() is not None


@needs("promtool")
@pytest.mark.parametrize("text", [one for one in EXAMPLES if "scrape_configs" in one])
def test_a_configuration_for_prometheus_in_the_how_to_is_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(text)

    checked = subprocess.run(["promtool", "check", "config", "--syntax-only", file], capture_output=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
