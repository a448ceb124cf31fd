"""Captures what the tests need of the official JSON schemas of Kubernetes, as the package kubernetes-validate has them.

    pip install kubernetes-validate && python -m tests.deploy.capture_schema

Strict: unknown fields are errors. Without descriptions, as they are nine tenths of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

CAPTURED = Path(__file__).with_name("kubernetes.schema.json")
KINDS = {
    "v1/Namespace": "namespace-v1",
    "v1/ConfigMap": "configmap-v1",
    "v1/Service": "service-v1",
    "v1/ServiceAccount": "serviceaccount-v1",
    "apps/v1/DaemonSet": "daemonset-apps-v1",
    "apps/v1/Deployment": "deployment-apps-v1",
    "scheduling.k8s.io/v1/PriorityClass": "priorityclass-scheduling-v1",
    "rbac.authorization.k8s.io/v1/ClusterRole": "clusterrole-rbac-v1",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": "clusterrolebinding-rbac-v1",
}


def references(schema: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def trimmed(schema: Any) -> Any:
    """Without what does not check anything, and with references into this one file."""
    if isinstance(schema, list):
        return [trimmed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: trimmed(value) for name, value in schema.items() if not _is_comment(name, value)}
    if "$ref" in kept:
        kept["$ref"] = "#/$defs/" + kept["$ref"].rpartition("/")[2]
    return kept


def _is_comment(name: str, value: object) -> bool:
    return (
        (name == "description" and isinstance(value, str))
        or name.startswith("x-kubernetes")
        or name in ("$schema", "$id")
    )


def captured(folder: Path) -> dict[str, Any]:
    """The schemas of these kinds and all definitions that they lead to."""
    every = json.loads((folder / "_definitions.json").read_text())["$defs"]
    kinds = {kind: trimmed(json.loads((folder / f"{name}.json").read_text())) for kind, name in KINDS.items()}
    found: dict[str, Any] = {}
    waiting = sorted(set(references(list(kinds.values()))))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = trimmed(every[name])
            waiting += references(found[name])
    return {"kinds": kinds, "$defs": dict(sorted(found.items()))}


def newest_folder() -> Path:
    """Of the installed package: the schemas of the newest version of Kubernetes."""
    import kubernetes_validate

    folders = (Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema").glob("v*-local-strict")
    return max(folders, key=lambda folder: [int(part) for part in re.findall(r"\d+", folder.name)])


def main() -> None:
    folder = newest_folder()
    origin = f"kubernetes-validate {version('kubernetes-validate')}, {folder.name}; Kubernetes is under Apache-2.0"
    CAPTURED.write_text(json.dumps({"origin": origin, **captured(folder)}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
