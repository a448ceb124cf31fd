"""Where the files that are shipped stand, and how they are read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
SCHEMAS = json.loads(Path(__file__).with_name("kubernetes.schema.json").read_text())
NOT_OURS = {"PodMonitor"}
"""Kinds that Kubernetes does not define."""


def documents(text: str) -> list[dict[str, Any]]:
    """The objects of a YAML stream."""
    return [document for document in yaml.safe_load_all(text) if document]


def complaints(manifest: dict[str, Any]) -> list[str]:
    """What the official schema says against an object; unknown fields are wrong."""
    schema = {**SCHEMAS["kinds"][f"{manifest['apiVersion']}/{manifest['kind']}"], "$defs": SCHEMAS["$defs"]}
    errors = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    return [f"{manifest['kind']} {error.json_path}: {error.message}" for error in errors]


def of_kind(manifests: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def container(manifests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The container of the DaemonSet."""
    (found,) = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def capabilities(manifests: Iterable[dict[str, Any]]) -> set[str]:
    """Those that the container is given."""
    wanted = container(manifests)["securityContext"]["capabilities"]
    assert wanted["drop"] == ["ALL"]
    return set(wanted["add"])


def mounts(manifests: list[dict[str, Any]]) -> dict[str, str]:
    """How directories of the node are seen: `ro` or `rw` by path."""
    volumes = of_kind(manifests, "DaemonSet")["spec"]["template"]["spec"]["volumes"]
    of_node = {volume["name"]: volume["hostPath"]["path"] for volume in volumes if "hostPath" in volume}
    used = container(manifests)["volumeMounts"]
    return {
        of_node[mount["name"]]: "ro" if mount.get("readOnly") else "rw" for mount in used if mount["name"] in of_node
    }


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
