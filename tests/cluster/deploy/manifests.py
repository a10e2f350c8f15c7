"""The manifests as they stand in the checkout, and what is looked up in all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "cluster" / "deploy"
MANIFESTS = DEPLOY / "kubernetes"
KUBERNETES = "1.33"
"""The version of Kubernetes whose schemas count; sidecar containers need 1.29."""
_SCHEMA = Path(__file__).with_name("kuberay.schema.json")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that some document asks for: who asks, its labels, and its specification."""

    owner: str
    labels: dict[str, str]
    spec: Document

    @property
    def containers(self) -> list[Document]:
        """All containers, those that start before the others included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


def documents() -> list[Document]:
    """Return all documents that are applied, of all folders."""
    return [
        document
        for folder in (MANIFESTS, MANIFESTS / "job")
        for name in yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        for document in yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))
    ]


def of_kind(*kinds: str) -> list[Document]:
    """Return the documents of some kinds."""
    return [document for document in documents() if document["kind"] in kinds]


def ray_clusters() -> list[Document]:
    """Return the specifications of all Ray clusters, those of jobs included."""
    return [each["spec"].get("rayClusterSpec", each["spec"]) for each in of_kind("RayCluster", "RayJob")]


def pods() -> list[Pod]:
    """Return every pod that is asked for."""
    return [
        Pod(f"{document['kind']} {document['metadata']['name']}", template["metadata"]["labels"], template["spec"])
        for document in documents()
        for template in templates(document.get("spec", {}))
    ]


def templates(part: object) -> Iterator[Document]:
    """Yield the pod templates below a part of a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in {"template", "submitterPodTemplate"}:
                yield value
            else:
                yield from templates(value)
    elif isinstance(part, list):
        for each in part:
            yield from templates(each)


def problems(document: Document) -> list[str]:
    """Return what the schemas of Kubernetes, and ours of KubeRay, have against a document."""
    if document["apiVersion"].startswith("ray.io/"):
        validator = Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
        found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        for template in templates(document["spec"]):
            metadata = {"name": "pod", **template.get("metadata", {})}
            found += problems({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        return found
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{error.json_path}: {error.message}"]
    return []
