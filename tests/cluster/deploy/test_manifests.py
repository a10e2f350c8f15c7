"""The manifests hold the schemas of Kubernetes and KubeRay, and each other: names, ports, labels, secrets, settings."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from cluster.main import launchers
from cluster.setting_keys import setting_keys
from cluster.setting_sources import Sources, effective_settings
from cluster.settings import GatewaySettings
from planner.adapters.sql_database import SqlDatabase
from planner.cli.app import run
from planner.cli.launchers import ServeOptions
from tests.cluster.deploy.manifests import (
    MANIFESTS,
    ROOT,
    Document,
    documents,
    of_kind,
    pods,
    problems,
    ray_clusters,
)

SETTINGS_FILE = MANIFESTS / "concordat.toml"
ELSEWHERE = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "PGPASSWORD", "HOME"}
"""Variables that libraries read, beside those of settings."""


def named(document: Document) -> str:
    """Return what a document is called in messages."""
    return f"{document['kind']} {document['metadata']['name']}"


@pytest.mark.parametrize("document", documents(), ids=named)
def test_a_manifest_is_what_its_schema_asks_for(document: Document) -> None:
    """Every document holds the strict schema of its kind, every pod template that of a pod."""
    assert problems(document) == []


BROKEN: dict[str, tuple[str, Callable[[Document], object]]] = {
    "a field of a cluster that does not exist": (
        "RayCluster",
        lambda spec: spec.update(headGroupSpecs=spec["headGroupSpec"]),
    ),
    "a worker group without its least size": (
        "RayCluster",
        lambda spec: spec["workerGroupSpecs"][0].pop("minReplicas"),
    ),
    "a start parameter that is no text": (
        "RayCluster",
        lambda spec: spec["headGroupSpec"]["rayStartParams"].update({"num-cpus": 0}),
    ),
    "a field of a pod that does not exist": (
        "RayCluster",
        lambda spec: spec["headGroupSpec"]["template"]["spec"].update(container=[]),
    ),
    "a job without a cluster": ("RayJob", lambda spec: spec.pop("rayClusterSpec")),
    "a job that is submitted in no known way": ("RayJob", lambda spec: spec.update(submissionMode="Mail")),
    "a probe of no known kind": (
        "Deployment",
        lambda spec: spec["template"]["spec"]["containers"][0]["livenessProbe"].update(ask="nicely"),
    ),
    "a policy with a port that is no number": (
        "NetworkPolicy",
        lambda spec: spec.update(egress=[{"ports": [{"port": []}]}]),
    ),
}


@pytest.mark.parametrize(("kind", "spoil"), BROKEN.values(), ids=BROKEN)
def test_a_spoiled_manifest_is_refused(kind: str, spoil: Callable[[Document], object]) -> None:
    """The schemas bite: one wrong field makes a document invalid."""
    document = copy.deepcopy(of_kind(kind)[0])
    spoil(document["spec"])
    assert problems(document) != []


@pytest.mark.parametrize("folder", [MANIFESTS, MANIFESTS / "job"], ids=["cluster", "job"])
def test_kustomize_builds_what_is_applied(folder: Path) -> None:
    """What `kubectl apply -k` would send is complete, and holds the schemas too."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no program kubectl")
    built = subprocess.run(["kubectl", "kustomize", folder], check=True, capture_output=True, text=True).stdout
    found = list(yaml.safe_load_all(built))
    assert {document["kind"] for document in found} >= {"NetworkPolicy"}
    assert [problem for document in found for problem in problems(document)] == []
    assert {document["metadata"].get("namespace", "concordat") for document in found} == {"concordat"}


def test_the_settings_file_is_one_that_a_server_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """The file of the ConfigMap names settings that exist, with values of their types, and no password."""
    assert run(launchers(), ["settings", "show", "--config", str(SETTINGS_FILE)]) == 0
    assert f'ray_address = "concordat-head-svc:6379"  # {SETTINGS_FILE}' in capsys.readouterr().out
    told = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))
    assert re.search(r"://[^/@]*:[^/@]*@", told["database"]) is None
    database = SqlDatabase(told["database"])
    database.close()
    assert database.name == "postgresql://concordat-postgres:5432/concordat"


def test_every_variable_is_read_by_somebody() -> None:
    """A variable of a container is one of a setting, or one of the few that libraries read."""
    known = {setting.variable for setting in setting_keys(GatewaySettings)} | ELSEWHERE
    given = {each["name"] for pod in pods() for container in pod.containers for each in container.get("env", [])}
    assert given - known == set()
    assert given >= {"RAY_AUTH_TOKEN", "PGPASSWORD", "CONCORDAT_RAY_ADDRESS"}


def test_every_node_of_ray_asks_for_the_token() -> None:
    """All containers that start Ray or speak to it are told to use the token of the one Secret, as is KubeRay."""
    for pod in pods():
        for container in pod.containers:
            told = {each["name"]: each for each in container["env"]}
            assert told["RAY_AUTH_MODE"]["value"] == "token", container["name"]
            reference = told["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
            assert reference == {"name": "concordat-ray-token", "key": "auth_token"}, container["name"]
    for cluster in ray_clusters():
        assert cluster["authOptions"] == {"mode": "token", "secretName": "concordat-ray-token"}


def test_hosts_of_agents_reach_the_log_that_they_write() -> None:
    """Workers know the password of the database and may connect to it, as the door does; the head does neither."""
    knowing = {
        pod.labels["app.kubernetes.io/component"]
        for pod in pods()
        for container in pod.containers
        if any(each["name"] == "PGPASSWORD" for each in container["env"])
    }
    assert knowing >= {"door", "ray-worker"}
    assert "ray-head" not in knowing
    (policy,) = [each for each in of_kind("NetworkPolicy") if each["metadata"]["name"] == "concordat-log"]
    (selected,) = policy["spec"]["podSelector"]["matchExpressions"]
    assert set(selected["values"]) == {"door", "ray-worker"}
    (rule,) = policy["spec"]["egress"]
    assert rule["to"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "postgres"}}}]


def test_secrets_are_referred_to_and_documented() -> None:
    """No manifest holds a Secret; every key that is used stands in the list of secrets in the documentation."""
    assert of_kind("Secret") == []
    page = (ROOT / "docs" / "how-to" / "deploy-on-a-cluster.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(concordat-[a-z-]+)` \| ([^|]+) \|", page, re.MULTILINE))
    documented = {name: set(re.findall(r"`([^`]+)`", keys)) for name, keys in listed.items()}
    used: dict[str, set[str]] = {}
    for pod in pods():
        for container in pod.containers:
            for each in container["env"]:
                if reference := each.get("valueFrom", {}).get("secretKeyRef"):
                    used.setdefault(reference["name"], set()).add(reference["key"])
        for volume in pod.spec["volumes"]:
            if secret := volume.get("secret"):
                used.setdefault(secret["secretName"], set())
    for place in _files_told():
        for volume, folder in (
            ("concordat-tls", "/etc/concordat/tls/"),
            ("concordat-identity", "/etc/concordat/ident"),
        ):
            if place.startswith(folder):
                used[volume].add(place.rpartition("/")[2])
    assert used == documented


def _files_told() -> set[str]:
    """Return the files that settings and probes name."""
    told = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))["door"].values()
    commands = [
        word.rpartition("=")[2]
        for pod in pods()
        for container in pod.containers
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        for word in container.get(probe, {}).get("exec", {}).get("command", [])
    ]
    return {value for value in (*told, *commands) if isinstance(value, str) and value.startswith("/")}


def test_mounts_are_of_volumes_and_hold_what_settings_name() -> None:
    """Every mount is of a volume of its pod, no volume is left over, and each file of the settings lies in a mount."""
    claims = {document["metadata"]["name"] for document in of_kind("PersistentVolumeClaim")}
    for pod in pods():
        volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
        mounted = {mount["name"] for container in pod.containers for mount in container["volumeMounts"]}
        assert mounted == set(volumes), pod.owner
        claimed = {
            each["persistentVolumeClaim"]["claimName"]
            for each in volumes.values()
            if len(each) == 2 and "persistentVolumeClaim" in each
        }
        assert claimed <= claims, pod.owner
        places = [mount["mountPath"] for container in pod.containers for mount in container["volumeMounts"]]
        assert all(re.match(r"/(opt|etc|var/lib|tmp|dev/shm)(/|$)", place) for place in places), pod.owner
    (door,) = [pod for pod in pods() if pod.labels["app.kubernetes.io/component"] == "door"]
    mounts = [mount["mountPath"] for mount in door.spec["containers"][0]["volumeMounts"]]
    for file in _files_told():
        assert any(file == mount or file.startswith(f"{mount}/") for mount in mounts), file


def test_agents_find_the_folders_of_the_door() -> None:
    """Scenarios and plans lie at the same place of the same claim for the door and for every worker."""
    seen = {
        pod.labels["app.kubernetes.io/component"]: {
            (mount["mountPath"], mount["subPath"])
            for container in pod.containers
            for mount in container["volumeMounts"]
            if mount["name"] == "folders"
        }
        for pod in pods()
    }
    assert seen["door"] == seen["ray-worker"]
    data = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))["data"]
    assert seen["door"] == {(f"{data}/scenarios", "scenarios"), (f"{data}/plans", "plans")}
    assert seen["job-head"] == seen["job-worker"] != set()


def test_ports_and_addresses_fit_each_other() -> None:
    """Ports are the product's own; whoever is called by name or port exists under that name and port."""
    told = {each.setting.key: each.value for each in effective_settings(GatewaySettings, _sources())}
    door = str(told["door.listen"]).rpartition(":")[2]
    assert door == str(GatewaySettings().door.listen).rpartition(":")[2]
    metrics = str(told["telemetry.metrics"]).rpartition(":")[2]
    (deployment,) = of_kind("Deployment")
    served = {each["name"]: str(each["containerPort"]) for each in _door_container(deployment)["ports"]}
    assert served == {"grpc": door, "metrics": metrics}
    (service,) = of_kind("Service")
    assert {each["targetPort"]: str(each["port"]) for each in service["spec"]["ports"]} == served
    (cluster,) = of_kind("RayCluster")
    head = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    gcs = next(each["containerPort"] for each in head["ports"] if each["name"] == "gcs")
    address = f"{cluster['metadata']['name']}-head-svc:{gcs}"
    assert told["ray_address"] == address
    (node,) = deployment["spec"]["template"]["spec"]["initContainers"]
    assert f"--address={address}" in node["command"]
    probe = " ".join(_door_container(deployment)["livenessProbe"]["exec"]["command"])
    assert f"--server=localhost:{door}" in probe
    let_in = {
        str(port["port"])
        for policy in of_kind("NetworkPolicy")
        if policy["metadata"]["name"] == "concordat-door"
        for rule in policy["spec"]["ingress"]
        for port in rule["ports"]
    }
    assert let_in == {door, metrics}


def _sources() -> Sources:
    return Sources(file=SETTINGS_FILE, flags={}, environment={})


def _door_container(deployment: Document) -> Document:
    containers: list[Document] = deployment["spec"]["template"]["spec"]["containers"]
    return containers[0]


def _selects(selector: Document, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", selector if "matchExpressions" not in selector else {})
    expressions = selector.get("matchExpressions", [])
    return all(labels.get(key) == value for key, value in wanted.items() if isinstance(value, str)) and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def test_every_selector_finds_a_pod() -> None:
    """Service, budgets, policies and peers of policies select pods that some manifest asks for, by their labels."""
    labels = [pod.labels for pod in pods()]
    foreign = {"k8s-app", "app.kubernetes.io/name"}
    for document in of_kind("Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"):
        spec = document["spec"]
        selectors = [spec.get("selector") or spec["podSelector"]]
        for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
            peers = (*rule.get("from", []), *rule.get("to", []))
            selectors += [peer["podSelector"] for peer in peers if "podSelector" in peer]
        for selector in selectors:
            if foreign & set(selector.get("matchLabels", {})):
                continue
            assert any(_selects(selector, each) for each in labels), (named(document), selector)
            for each in selector.get("matchExpressions", []):
                assert set(each["values"]) <= {known.get(each["key"]) for known in labels}, named(document)


def test_nothing_passes_unless_a_policy_says_so() -> None:
    """All traffic is denied first, the dashboard of the cluster is on loopback, and no Service leaves the cluster."""
    (deny,) = [each for each in of_kind("NetworkPolicy") if each["spec"]["podSelector"] == {}]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (cluster,) = of_kind("RayCluster")
    head = cluster["spec"]["headGroupSpec"]
    assert head["rayStartParams"]["dashboard-host"] == "127.0.0.1"
    assert {each["spec"]["headGroupSpec"]["serviceType"] for each in of_kind("RayCluster")} == {"ClusterIP"}
    assert {each["spec"]["type"] for each in of_kind("Service")} == {"ClusterIP"}


def test_pods_are_confined_probed_and_bounded() -> None:
    """No pod runs as root, writes to its image, or is without requests and a memory limit; servers have probes."""
    for pod in pods():
        assert pod.spec["securityContext"]["runAsNonRoot"] is True, pod.owner
        assert pod.spec["automountServiceAccountToken"] is False, pod.owner
        for container in pod.containers:
            where = f"{pod.owner}: {container['name']}"
            confined = container["securityContext"]
            assert confined["allowPrivilegeEscalation"] is False, where
            assert confined["readOnlyRootFilesystem"] is True, where
            assert confined["capabilities"] == {"drop": ["ALL"]}, where
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, where
            assert "memory" in container["resources"]["limits"], where
            if container["name"] != "ray-job-submitter":
                assert "livenessProbe" in container, where


def test_agents_go_to_workers_only() -> None:
    """The head and the node beside the door offer no processors, which agents ask for; workers offer theirs."""
    (deployment,) = of_kind("Deployment")
    assert "--num-cpus=0" in deployment["spec"]["template"]["spec"]["initContainers"][0]["command"]
    for cluster in ray_clusters():
        assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
        for group in cluster["workerGroupSpecs"]:
            assert "num-cpus" not in group["rayStartParams"]
            assert "cpu" in group["template"]["spec"]["containers"][0]["resources"]["limits"]


def test_versions_are_those_of_the_lock() -> None:
    """Images carry the version of the product, clusters that of the Ray that is locked."""
    ray = next(
        package["version"]
        for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
        if package["name"] == "ray"
    )
    assert {cluster["rayVersion"] for cluster in ray_clusters()} == {ray}
    images = {container["image"] for pod in pods() for container in pod.containers}
    assert images == {f"concordat:{version('concordat')}"}


def test_the_options_of_the_door_are_those_of_the_command() -> None:
    """What the container of the door is told to run is a command of the program."""
    told: list[ServeOptions] = []
    (deployment,) = of_kind("Deployment")
    stub = type(launchers())(
        **{**{name: getattr(launchers(), name) for name in launchers().__slots__}, "serve": told.append}
    )
    assert run(stub, _door_container(deployment)["args"]) == 0
    assert [options.config for options in told] == [Path("/etc/concordat/concordat.toml")]
