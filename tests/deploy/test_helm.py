"""The Helm chart, rendered by Helm: the same objects as those of kustomize, by feature."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.command import wca
from tests.deploy.places import DEPLOY, NOT_OURS, capabilities, complaints, container, documents, mounts, of_kind, run
from wca_core import __version__

CHART = DEPLOY / "helm" / "wca"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
FEATURES = sorted(VALUES["features"])
NOTHING: set[str] = set()

has_helm = shutil.which("helm") is not None
needs_helm = pytest.mark.skipif(
    not has_helm and find_spec("helm_python") is None,
    reason="neither helm nor helm-python-sdk (make test-deploy) is installed",
)


class Refused(Exception):  # noqa: N818  what Helm did
    """Helm does not take these values."""


def rendered(folder: Path, values: dict[str, Any] | None = None) -> dict[str, str]:
    """What Helm makes of the chart with these values, by name of the template."""
    if has_helm:
        return _by_command(folder, values or {})
    from helm_python import HelmError, chart

    try:
        with chart.Chart.load(CHART) as loaded:
            loaded.validate_schema(values or {})
            return dict(loaded.render(values or {}, name="wca", namespace="wca"))
    except HelmError as error:
        raise Refused(str(error)) from error


def _by_command(folder: Path, values: dict[str, Any]) -> dict[str, str]:
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    ended = run("helm", "template", "wca", CHART, "--namespace", "wca", "--values", folder / "values.yaml")
    if ended.returncode != 0:
        raise Refused(ended.stderr)
    return {"all": ended.stdout}


def manifests(folder: Path, **values: Any) -> list[dict[str, Any]]:
    texts = rendered(folder, values)
    return [one for name, text in texts.items() if not name.endswith(".txt") for one in documents(text)]


def with_features(folder: Path, *names: str) -> list[dict[str, Any]]:
    return manifests(folder, features=dict.fromkeys(names, True))


def test_the_values_of_the_chart_are_as_its_schema_wants_them() -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)
    assert sorted(SCHEMA["properties"]["features"]["properties"]) == FEATURES
    assert set(VALUES) | {"global"} == set(SCHEMA["properties"])


def test_no_feature_is_on_unless_asked_for() -> None:
    assert not any(VALUES["features"].values())


def test_the_chart_has_the_version_of_the_agent() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == __version__


@needs_helm
@pytest.mark.parametrize("features", [[], *([name] for name in FEATURES), FEATURES], ids=str)
def test_what_is_rendered_is_as_the_official_schemas_want_it(tmp_path: Path, features: list[str]) -> None:
    made = with_features(tmp_path, *features)

    assert {"ServiceAccount", "ConfigMap", "PriorityClass", "DaemonSet"} <= {one["kind"] for one in made}
    assert [complaint for one in made for complaint in complaints(one)] == []


@needs_helm
@pytest.mark.parametrize(
    ("features", "given", "seen"),
    [
        ([], NOTHING, {}),
        (["names"], NOTHING, {"/run/containerd/io.containerd.runtime.v2.task": "ro"}),
        (["processes"], {"SYS_PTRACE", "DAC_READ_SEARCH", "DAC_OVERRIDE"}, {}),
        (["perf"], {"PERFMON"}, {}),
        (["rdt"], {"DAC_OVERRIDE"}, {"/sys/fs/resctrl": "rw"}),
        (["allocation"], {"DAC_OVERRIDE"}, {"/sys/fs/cgroup": "rw", "/run/wca": "rw"}),
        (["numa"], {"SYS_NICE", "SYS_PTRACE"}, {}),
        (["pods"], NOTHING, {}),
    ],
    ids=str,
)
def test_a_feature_gives_what_it_needs_and_nothing_else(
    tmp_path: Path, features: list[str], given: set[str], seen: dict[str, str]
) -> None:
    made = with_features(tmp_path, *features)

    assert capabilities(made) == given
    assert mounts(made) == {"/sys/fs/cgroup": "ro", **seen}
    pod = of_kind(made, "DaemonSet")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] == ("pods" in features)
    assert pod["securityContext"]["seccompProfile"]["type"] == (
        "Unconfined" if {"perf", "numa"} & set(features) else "RuntimeDefault"
    )
    assert ("appArmorProfile" in container(made)["securityContext"]) == ("rdt" in features)
    assert pod["terminationGracePeriodSeconds"] == (90 if "allocation" in features else 30)
    assert ("ClusterRole" in {one["kind"] for one in made}) == ("pods" in features)


@pytest.mark.skipif(has_helm or find_spec("helm_python") is None, reason="`helm template` does not print notes")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"features": {"perf": True}}, "features.perf gives rights only"),
        ({"features": {"perf": True}, "plugins": "perf: {event_names: [task_cycles]}"}, ""),
        ({"features": {"numa": True}}, "features.numa moves nothing without features.allocation"),
        ({"features": {"numa": True, "allocation": True}}, "--set restore=true"),
        ({"restore": True}, "uninstall wca"),
        ({}, ""),
    ],
    ids=str,
)
def test_the_notes_say_what_else_is_needed(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    notes = rendered(tmp_path, values)["wca/templates/NOTES.txt"]

    hints = ("rights only", "moves nothing", "restore=true", "uninstall")
    assert [hint for hint in hints if hint in notes] == [hint for hint in hints if hint in said]
    assert said in notes


@needs_helm
def test_pods_that_restore_do_it_with_the_rights_and_mounts_of_the_agent_before_they_wait(tmp_path: Path) -> None:
    features = dict.fromkeys(("allocation", "rdt", "numa"), True)
    agent = manifests(tmp_path, features=features)

    made = manifests(tmp_path, features=features, restore=True)

    (restoring,) = of_kind(made, "DaemonSet")["spec"]["template"]["spec"]["initContainers"]
    for field in ("image", "securityContext", "volumeMounts"):
        assert restoring[field] == container(agent)[field]
    assert (restoring["args"], container(made)["command"]) == (["restore"], ["sleep", "infinity"])
    assert not {"args", "livenessProbe", "readinessProbe", "ports"} & container(made).keys()
    assert [complaint for one in made for complaint in complaints(one)] == []


@needs_helm
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"listen": "[::]", "port": 9200, "interval": 0.5},
        {"plugins": "sched: {sched: nr_switches}\n\nwss: {wss_reset_cycles: 1}\n"},
        {"config": "agent: {interval: 1}\nplugins:\n  local: {}\n"},
        {
            "agent": "restore_on_exit: managed\nguard_rails: !GuardRails {min_cpu_quota: 0.1}\n",
            "plugins": "static-allocator:\n  rules:\n    - {allocations: {cpu_shares: 1.0}}\n",
        },
    ],
    ids=str,
)
def test_the_agent_takes_the_configuration_that_is_rendered(tmp_path: Path, values: dict[str, Any]) -> None:
    made = manifests(tmp_path, **values)
    path = tmp_path / "wca.yaml"
    path.write_text(of_kind(made, "ConfigMap")["data"]["wca.yaml"])

    checked = wca("check", "-c", str(path), NODE_NAME="node1")

    assert checked.returncode == 0, checked.stderr
    options = wca("run", "--help").stdout
    arguments = container(made)["args"]
    assert [one for one in arguments if one.startswith("--") and one.partition("=")[0] not in options] == []


@needs_helm
def test_the_values_by_which_the_document_allocates_are_right(tmp_path: Path) -> None:
    page = (DEPLOY.parent / "docs" / "how-to" / "run-on-kubernetes.md").read_text()
    example = yaml.safe_load(page.partition("\n## Allocate\n")[2].partition("```yaml\n")[2].partition("```")[0])

    made = manifests(tmp_path, **example)

    path = tmp_path / "wca.yaml"
    path.write_text(of_kind(made, "ConfigMap")["data"]["wca.yaml"])
    service = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    checked = wca("check", "-c", str(path), NODE_NAME="node1", **service)
    assert checked.returncode == 0, checked.stderr
    assert "allocate           static-allocator" in checked.stdout
    assert capabilities(made) == {"DAC_OVERRIDE"}


@needs_helm
def test_a_token_is_shown_to_the_agent_and_to_who_scrapes(tmp_path: Path) -> None:
    made = manifests(tmp_path, tokenSecret="wca-token", podMonitor={"enabled": True})
    (endpoint,) = of_kind(made, "PodMonitor")["spec"]["podMetricsEndpoints"]

    assert endpoint["authorization"]["credentials"] == {"name": "wca-token", "key": "token"}
    assert "token_path: /var/run/secrets/wca/token" in of_kind(made, "ConfigMap")["data"]["wca.yaml"]
    assert {"name": "token", "mountPath": "/var/run/secrets/wca", "readOnly": True} in container(made)["volumeMounts"]
    assert [text for one in made if one["kind"] not in NOT_OURS for text in complaints(one)] == []


@needs_helm
def test_another_configuration_makes_other_pods(tmp_path: Path) -> None:
    def checksum(**values: Any) -> object:
        template = of_kind(manifests(tmp_path, **values), "DaemonSet")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum(logLevel="debug")
    assert checksum() != checksum(interval=1.0)


@needs_helm
@pytest.mark.parametrize(
    "values",
    [{"featurs": {}}, {"features": {"perf": "yes"}}, {"features": {"cache": True}}, {"interval": 99}, {"port": "http"}],
    ids=str,
)
def test_values_that_mean_nothing_are_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        rendered(tmp_path, values)
