"""What is said about a workload in its script, image, manifest and job file is one thing, and right."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wca_wrapper.asked import asked
from wca_wrapper.parsers import parser_names

from tests.deploy.places import complaints, documents
from tests.deploy.test_kubernetes import built, needs_kustomize
from tests.workloads import BEST_EFFORT, LATENCY_CRITICAL, NAMES, WORKLOADS
from wca_core import __version__

PLAIN = sorted(path for path in WORKLOADS.glob("kubernetes/*/*.yaml") if path.name != "kustomization.yaml")


def dockerfile(folder: str) -> str:
    return (WORKLOADS / folder / "Dockerfile").read_text()


def deployments(name: str) -> dict[str, dict[str, Any]]:
    manifests = built(WORKLOADS / name)
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == "Deployment"}


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_the_workloads_are_those_asked_for() -> None:
    assert NAMES == ["fio", "memcached", "redis", "stress-ng", "sysbench", "web"]


@pytest.mark.parametrize("name", NAMES)
def test_the_wrapper_understands_what_it_is_told(name: str) -> None:
    wrapping = asked({}, str(WORKLOADS / name / "wrapper.yaml"))

    assert wrapping.command is not None
    assert wrapping.parser in parser_names()
    assert wrapping.sli_metric_name is not None
    assert wrapping.sli_metric_name.startswith(wrapping.metric_name_prefix)
    assert wrapping.labels["workload_name"] == name
    assert wrapping.subprocess_shell  # the command has variables


@pytest.mark.parametrize("name", NAMES)
def test_the_script_is_a_shell_script_that_may_be_run(name: str) -> None:
    script = WORKLOADS / name / "run.sh"

    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_the_image_of_all_starts_the_wrapper_and_does_not_run_as_root() -> None:
    text = dockerfile("image")

    assert f"wca-workload:{__version__} " in text
    assert re.search(r'^ENTRYPOINT \["wca-wrapper", "--config", "/etc/wca/wrapper.yaml"\]$', text, re.MULTILINE)
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"]
    (built_of, base), (agents, its_base) = (
        re.search(r"^ARG PACKAGES=.*?\n(.*?)^FROM (\S+)$", one, re.MULTILINE | re.DOTALL).groups()  # type: ignore[union-attr]
        for one in (text, dockerfile("../deploy/docker"))
    )
    assert (built_of, base) == (agents, its_base)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_has_what_its_folder_has(name: str) -> None:
    text = dockerfile(name)
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()]
    (package,) = re.findall(r"install --yes --no-install-recommends (\S+)", text)

    assert "wrapper.yaml" in copied
    assert [word for word in copied if not (WORKLOADS / name / word).exists()] == []
    assert f"\nARG BASE=wca-workload:{__version__}\nFROM ${{BASE}}\n" in text
    assert text.rindex("USER 10001:10001") > text.rindex("USER 0")
    assert f"ENV WORKLOAD_INSTANCE={name}\n" in text
    assert package in (WORKLOADS.parent / "tests" / "apt-packages.txt").read_text().splitlines()


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_manifest_that_is_shared_is_as_the_official_schema_wants_it(path: Path) -> None:
    assert [complaint for manifest in documents(path.read_text()) for complaint in complaints(manifest)] == []


@needs_kustomize
@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_is_as_the_official_schemas_want_it(name: str) -> None:
    manifests = built(WORKLOADS / name)

    assert [complaint for manifest in manifests for complaint in complaints(manifest)] == []
    for deployment in deployments(name).values():
        template = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= template.items()
        assert container(deployment)["image"] == f"wca-{name}:{__version__}"


@needs_kustomize
@pytest.mark.parametrize("name", LATENCY_CRITICAL)
def test_load_goes_to_the_server_and_is_started_by_the_entry_point(name: str) -> None:
    server, load = (deployments(name)[f"{name}-{part}"] for part in ("server", "load"))
    (service,) = [one for one in built(WORKLOADS / name) if one["kind"] == "Service"]
    variables = {one["name"]: one.get("value") for one in container(load)["env"]}
    (port,) = service["spec"]["ports"]

    assert variables["SERVER"] == f"{service['metadata']['name']}:{port['port']}"
    assert port["targetPort"] == container(server)["ports"][0]["name"]
    assert service["spec"]["selector"].items() <= server["spec"]["template"]["metadata"]["labels"].items()
    assert not service["spec"]["selector"].items() <= load["spec"]["template"]["metadata"]["labels"].items()
    assert not {"command", "args"} & container(load).keys()
    assert str(container(server)["ports"][0]["containerPort"]) in (
        " ".join(container(server)["command"]) + (WORKLOADS / "web" / "nginx.conf").read_text()
    )


@needs_kustomize
@pytest.mark.parametrize("name", BEST_EFFORT)
def test_best_effort_asks_for_nothing_and_goes_where_latency_matters(name: str) -> None:
    batch = deployments(name)[f"{name}-batch"]
    pod = batch["spec"]["template"]["spec"]
    (near,) = pod["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    wanted = near["podAffinityTerm"]["labelSelector"]["matchLabels"]

    assert not {"resources", "command", "args"} & container(batch).keys()
    assert wanted.items() <= deployments("redis")["redis-server"]["spec"]["template"]["metadata"]["labels"].items()


class Struct:
    """Stands in for those of Aurora: keeps its fields, of which only those of its documentation may be given."""

    KNOWN = {
        "Process": "name cmdline max_failures daemon ephemeral min_duration final logger",
        "Task": "name processes constraints resources max_failures max_concurrency finalization_wait",
        "Resources": "cpu ram disk gpu",
        "Service": "task name role cluster environment contact instances constraints priority container tier announce "
        "metadata",
        "Mesos": "image volumes",
        "DockerImage": "name tag",
        "Announcer": "primary_port portmap zk_path",
        "Metadata": "key value",
    }

    def __init__(self, kind: str, **fields: object) -> None:
        assert fields.keys() <= set(self.KNOWN[kind].split()), (kind, fields)
        self.kind, self.fields = kind, fields

    def __call__(self, **fields: object) -> Struct:
        return Struct(self.kind, **{**self.fields, **fields})

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


def jobs(name: str) -> list[Struct]:
    """Those of an Aurora file, evaluated as its client does: Python, with `include` and structs."""
    names: dict[str, Any] = {"MB": 2**20}
    for kind in Struct.KNOWN:
        names[kind] = lambda kind=kind, **fields: Struct(kind, **fields)
    folder = WORKLOADS / name

    def include(path: str) -> None:
        exec(compile((folder / path).read_text(), path, "exec"), names)

    names["include"] = include
    include(f"{name}.aurora")
    found = names["jobs"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_job_of_aurora_has_what_it_must_have(name: str) -> None:
    found = jobs(name)

    for job in found:
        (process,) = job["task"]["processes"]
        assert all(job[field] for field in ("cluster", "role", "environment", "name", "task"))
        assert all(job["task"]["resources"][one] > 0 for one in ("cpu", "ram", "disk"))
        assert (job["container"]["image"]["name"], job["container"]["image"]["tag"]) == (f"wca-{name}", __version__)
        assert shlex.split(process["cmdline"])
    assert len({job["name"] for job in found}) == len(found) == (2 if name in LATENCY_CRITICAL else 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_job_of_aurora_starts_what_the_image_would(name: str) -> None:
    (process,) = jobs(name)[-1]["task"]["processes"]
    (entry,) = re.findall(r"^ENTRYPOINT \[(.*)\]$", dockerfile("image"), re.MULTILINE)

    assert " exec " + entry.replace('"', "").replace(",", "") in process["cmdline"]
    assert jobs(name)[-1]["tier"] == ("preferred" if name in LATENCY_CRITICAL else "revocable")
