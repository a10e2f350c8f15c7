"""`ray up`: the file holds Ray's own schema, and what is started takes the options that it is given."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.cluster.deploy.manifests import DEPLOY, ray_clusters

Config = dict[str, Any]
RAY = Path(sys.executable).with_name("ray")


@pytest.fixture(scope="module")
def config() -> Config:
    """Return the file."""
    loaded: Config = yaml.safe_load((DEPLOY / "ray-up.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def schema() -> Config:
    """Return the schema that comes with Ray; Ray itself must not be loaded by a test that sets no token."""
    found = importlib.util.find_spec("ray")
    assert found is not None
    assert found.origin is not None
    text = (Path(found.origin).parent / "autoscaler" / "ray-schema.json").read_text(encoding="utf-8")
    loaded: Config = json.loads(text)
    return loaded


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Return the options of `ray start`."""
    told = subprocess.run([RAY, "start", "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^\s+(?:-\w, )?(--[a-z-]+)", told, re.MULTILINE))


def test_the_file_is_what_ray_up_takes(config: Config, schema: Config) -> None:
    """The file holds the schema, and one with a key that is none does not."""
    validator = Draft7Validator(schema)
    assert list(validator.iter_errors(config)) == []
    assert list(validator.iter_errors({**config, "head_node_typo": "x"})) != []


def test_nodes_are_started_with_options_that_exist(config: Config, options: set[str]) -> None:
    """Head and workers, by `ray up` and by KubeRay, are started with options of `ray start` only."""
    commands = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    words = [shlex.split(command) for command in commands]
    assert [each[:2] for each in words] == [["ray", "start"]] * len(commands)
    given = {word.partition("=")[0] for each in words for word in each[2:]}
    groups = [group for cluster in ray_clusters() for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    given |= {f"--{name}" for group in groups for name in group["rayStartParams"]}
    assert given - options == set()


def test_the_token_is_asked_for_and_read_from_a_file(config: Config) -> None:
    """Containers are told to use the token of a file, no secret stands here, and the dashboard is on loopback."""
    told = config["docker"]["run_options"]
    assert "--env=RAY_AUTH_MODE=token" in told
    assert "--env=RAY_AUTH_TOKEN_PATH=/etc/concordat/ray-token" in told
    assert not any("RAY_AUTH_TOKEN=" in option for option in told)
    assert "--dashboard-host=127.0.0.1" in config["head_start_ray_commands"][0]


def test_no_machine_of_anybody_is_named(config: Config) -> None:
    """Addresses are those that are kept for documentation, and paths those that every machine has."""
    provider = config["provider"]
    for address in (provider["head_ip"], *provider["worker_ips"]):
        assert address.startswith("192.0.2.")
    assert config["auth"]["ssh_private_key"].startswith("/etc/")
    assert config["max_workers"] == len(provider["worker_ips"])
