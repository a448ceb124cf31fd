"""The manifests of Kubernetes: what each overlay gives the pods, and as the official schemas want it."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import wca
from tests.deploy.places import (
    DEPLOY,
    NOT_OURS,
    SCHEMAS,
    capabilities,
    complaints,
    container,
    documents,
    mounts,
    of_kind,
    run,
)
from wca_core import __version__
from wca_core.journal.places import journal_path

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.parent.name for path in KUBERNETES.glob("overlays/*/kustomization.yaml"))
COMPONENTS = sorted(path.parent.name for path in KUBERNETES.glob("components/*/kustomization.yaml"))
PLAIN = sorted(
    path.relative_to(KUBERNETES)
    for path in KUBERNETES.rglob("*.yaml")
    if path.name not in ("kustomization.yaml", "wca.yaml")
)
NOTHING: set[str] = set()


def kustomize() -> list[str] | None:
    """The command that builds a folder; that of kubectl before 1.21 is too old."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        version = re.search(r"v1\.(\d+)", run("kubectl", "version", "--client").stdout)
        if version and int(version[1]) >= 21:
            return ["kubectl", "kustomize"]
    return None


KUSTOMIZE = kustomize()
needs_kustomize = pytest.mark.skipif(KUSTOMIZE is None, reason="neither kustomize nor kubectl 1.21 is installed")


def built(folder: Path) -> list[dict[str, Any]]:
    ended = run(*(KUSTOMIZE or ()), folder)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    return documents(ended.stdout)


def overlay(name: str) -> list[dict[str, Any]]:
    return built(KUBERNETES / "overlays" / name)


def with_components(folder: Path, *names: str) -> list[dict[str, Any]]:
    """The base with these components; kustomize wants relative paths."""
    there = {name: os.path.relpath(KUBERNETES / "components" / name, folder) for name in names}
    base = os.path.relpath(KUBERNETES / "base", folder)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], "components": [*there.values()]}))
    return built(folder)


@pytest.mark.parametrize("path", PLAIN, ids=str)
def test_a_manifest_is_as_the_official_schema_wants_it(path: Path) -> None:
    for manifest in documents((KUBERNETES / path).read_text()):
        if manifest["kind"] == "DaemonSet":  # kustomize adds the labels
            manifest["spec"]["selector"] = manifest["spec"]["template"]["metadata"]["labels"] = {}
        assert manifest["kind"] in NOT_OURS or complaints(manifest) == []


def test_the_schema_would_tell_of_a_mistake() -> None:
    manifest = of_kind(documents((KUBERNETES / "base" / "daemon-set.yaml").read_text()), "DaemonSet")
    manifest["spec"]["selector"] = {}
    manifest["spec"]["template"]["spec"]["hostPid"] = True

    assert complaints(manifest) == [
        "DaemonSet $.spec.template.spec: Additional properties are not allowed ('hostPid' was unexpected)"
    ]


def test_the_captured_schema_is_the_official_one() -> None:
    pytest.importorskip("kubernetes_validate", reason="the dependency group deploy is not installed")
    from tests.deploy.capture_schema import captured, newest_folder

    assert captured(newest_folder()) == {name: value for name, value in SCHEMAS.items() if name != "origin"}


@needs_kustomize
@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_as_the_official_schemas_want_it(name: str) -> None:
    manifests = overlay(name)

    assert {"Namespace", "ServiceAccount", "ConfigMap", "PriorityClass", "DaemonSet"} <= {
        one["kind"] for one in manifests
    }
    assert [complaint for manifest in manifests for complaint in complaints(manifest)] == []


@needs_kustomize
@pytest.mark.parametrize(
    ("name", "given", "writable"),
    [
        ("measure-only", NOTHING, NOTHING),
        ("names", NOTHING, NOTHING),
        ("pods", NOTHING, NOTHING),
        ("processes", {"SYS_PTRACE", "DAC_READ_SEARCH", "DAC_OVERRIDE"}, NOTHING),
        (
            "allocation",
            {"SYS_PTRACE", "DAC_READ_SEARCH", "DAC_OVERRIDE", "PERFMON", "SYS_NICE"},
            {"/sys/fs/cgroup", "/run/wca"},
        ),
    ],
)
def test_an_overlay_gives_what_its_feature_needs_and_nothing_else(
    name: str, given: set[str], writable: set[str]
) -> None:
    manifests = overlay(name)

    assert capabilities(manifests) == given
    assert {path for path, mode in mounts(manifests).items() if mode == "rw"} == writable
    pod = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]
    assert pod["hostPID"]
    assert not {"hostNetwork", "hostIPC"} & pod.keys()
    context = container(manifests)["securityContext"]
    assert (context["privileged"], context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (
        False,
        False,
        True,
    )
    assert pod["securityContext"]["seccompProfile"]["type"] == (
        "Unconfined" if "PERFMON" in given else "RuntimeDefault"
    )


@needs_kustomize
def test_only_who_asks_for_pods_may_ask_the_api() -> None:
    for name in OVERLAYS:
        manifests = overlay(name)
        rules = [rule for one in manifests if one["kind"] == "ClusterRole" for rule in one["rules"]]
        expected = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}] if name == "pods" else []
        pod = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]
        assert (rules, pod["automountServiceAccountToken"]) == (expected, name == "pods")


@needs_kustomize
@pytest.mark.parametrize(("component", "resource"), [("kubelet", "nodes/pods"), ("kubelet-before-1.33", "nodes/proxy")])
def test_who_asks_the_kubelet_may_get_one_resource_more(tmp_path: Path, component: str, resource: str) -> None:
    rules = of_kind(with_components(tmp_path, "pods", component), "ClusterRole")["rules"]

    assert [(rule["resources"], rule["verbs"]) for rule in rules] == [
        (["pods"], ["list", "watch"]),
        ([resource], ["get"]),
    ]


@needs_kustomize
def test_every_component_can_be_added_alone(tmp_path: Path) -> None:
    for number, name in enumerate(name for name in COMPONENTS if not name.startswith("kubelet")):
        folder = tmp_path / str(number)
        folder.mkdir()
        manifests = with_components(folder, name)
        assert [text for one in manifests if one["kind"] not in NOT_OURS for text in complaints(one)] == [], name


@needs_kustomize
@pytest.mark.parametrize(
    ("component", "given", "writable", "profiles"),
    [
        ("perf", {"PERFMON"}, NOTHING, ("Unconfined", False)),
        ("rdt", {"DAC_OVERRIDE"}, {"/sys/fs/resctrl"}, ("RuntimeDefault", True)),
        ("allocation", {"DAC_OVERRIDE"}, {"/sys/fs/cgroup", "/run/wca"}, ("RuntimeDefault", False)),
        ("numa", {"SYS_NICE", "SYS_PTRACE"}, NOTHING, ("Unconfined", False)),
    ],
)
def test_a_component_gives_what_its_plugins_need_and_nothing_else(
    tmp_path: Path, component: str, given: set[str], writable: set[str], profiles: tuple[str, bool]
) -> None:
    manifests = with_components(tmp_path, component)

    assert capabilities(manifests) == given
    assert {path for path, mode in mounts(manifests).items() if mode == "rw"} == writable
    pod = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]
    without_apparmor = container(manifests)["securityContext"].get("appArmorProfile") == {"type": "Unconfined"}
    assert (pod["securityContext"]["seccompProfile"]["type"], without_apparmor) == profiles


@needs_kustomize
def test_the_journal_is_kept_on_the_node_where_the_next_pod_looks_for_it(tmp_path: Path) -> None:
    manifests = with_components(tmp_path, "allocation")

    pod = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]
    (volume,) = [one for one in pod["volumes"] if one["name"] == "journal"]
    (mount,) = [one for one in container(manifests)["volumeMounts"] if one["name"] == "journal"]
    assert volume["hostPath"] == {"path": mount["mountPath"], "type": "DirectoryOrCreate"}
    assert mount["mountPath"] == os.path.dirname(journal_path(0, None))


@needs_kustomize
def test_pods_that_restore_do_it_with_the_rights_and_mounts_of_the_agent_before_they_wait(tmp_path: Path) -> None:
    folders = [tmp_path / "agent", tmp_path / "restore"]
    for folder in folders:
        folder.mkdir()
    agent = container(with_components(folders[0], "rdt", "allocation", "numa"))

    manifests = with_components(folders[1], "rdt", "allocation", "numa", "restore")

    (restoring,) = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]["initContainers"]
    for field in ("image", "securityContext", "volumeMounts"):
        assert restoring[field] == agent[field]
    assert (restoring["args"], container(manifests)["command"]) == (["restore"], ["sleep", "infinity"])
    assert not {"args", "livenessProbe", "readinessProbe", "ports"} & container(manifests).keys()


@needs_kustomize
def test_the_image_has_the_version_of_the_agent() -> None:
    assert container(overlay("measure-only"))["image"] == f"wca:{__version__}"


def test_the_command_of_the_pods_is_one_that_the_agent_knows() -> None:
    arguments = container(documents((KUBERNETES / "base" / "daemon-set.yaml").read_text()))["args"]

    options = wca("run", "--help").stdout

    assert arguments[0] == "run"
    assert [one for one in arguments if one.startswith("--") and one not in options] == []


@pytest.mark.parametrize("part", ["base", "components/pods"])
def test_a_configuration_is_right(part: str, tmp_path: Path) -> None:
    path = tmp_path / "wca.yaml"
    path.write_text((KUBERNETES / part / "wca.yaml").read_text())
    environment = {"NODE_NAME": "node1", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    checked = wca("check", "-c", str(path), **environment)

    assert checked.returncode == 0, checked.stderr


@needs_kustomize
def test_probes_and_scrapes_go_where_the_agent_listens() -> None:
    manifests = overlay("measure-only")
    (port,) = container(manifests)["ports"]
    annotations = of_kind(manifests, "DaemonSet")["spec"]["template"]["metadata"]["annotations"]
    configuration = of_kind(manifests, "ConfigMap")["data"]["wca.yaml"]

    assert f'prometheus: {{listen: "0.0.0.0:{port["containerPort"]}"}}' in configuration
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    for probe in ("livenessProbe", "readinessProbe"):
        assert container(manifests)[probe]["httpGet"]["port"] == port["name"]
