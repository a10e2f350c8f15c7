"""The image: what is copied exists, nobody is root, what is started is a command, and no secret gets in."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import tomllib

import typer.core
import typer.main

from planner.cli.app import app
from tests.architecture.house import project_files
from tests.cluster.deploy.manifests import DEPLOY, ROOT, pods

PINNED = re.compile(r"^[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z0-9-]+)?$")


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def told(instruction: str) -> list[str]:
    """Return what all instructions of one kind say."""
    return [rest for name, rest in instructions() if name == instruction]


def let_in(path: str) -> bool:
    """Tell whether the ignore file lets a file of the checkout into the build."""
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    taken = True
    for rule in (rule for rule in rules if rule and not rule.startswith("#")):
        pattern = rule.removeprefix("!").replace("**/", "*")
        above = [path, *(path.rsplit("/", cut)[0] for cut in range(1, path.count("/") + 1))]
        if any(fnmatch.fnmatch(each, pattern) for each in above):
            taken = rule.startswith("!")
    return taken


def test_bases_are_pinned() -> None:
    """Every image that the build starts from has a whole version as its tag, and there are stages."""
    bases = [base.partition(" AS ")[0] for base in told("FROM")]
    assert len(bases) >= 3
    assert [base for base in bases if PINNED.match(base) is None] == []


def test_what_is_copied_exists_and_is_let_in() -> None:
    """Sources of COPY are files of the checkout that the ignore file lets in, or come from a named stage."""
    stages = {base.partition(" AS ")[2] for base in told("FROM")} - {""}
    files = project_files()
    for line in told("COPY"):
        words = shlex.split(line)
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            below = [path for path in files if path == source or path.startswith(f"{source}/")]
            assert below, source
            assert any(let_in(path) for path in below), source


def test_only_the_wheel_gets_in() -> None:
    """The build sees the packages of the wheel and what describes them: no test, no history, no key, no manifest."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(wheel["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    seen = {path.partition("/")[0] for path in project_files() if let_in(path)}
    assert seen == packages | {"pyproject.toml", "uv.lock", "README.md", "LICENSE", "NOTICE"}
    assert not any(
        let_in(path) for path in (".git/config", "build/x", ".env", "server.key", "cluster/deploy/ray-up.yaml")
    )


def test_the_image_runs_a_command_as_somebody() -> None:
    """The user is a number that is not root's, the manifests use the same one, and all commands exist."""
    (user,) = told("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("ENTRYPOINT")
    for pod in pods():
        identity = pod.spec["securityContext"]
        assert f"{identity['runAsUser']}:{identity['runAsGroup']}" == user, pod.owner
    entry = json.loads(told("ENTRYPOINT")[0])
    health = json.loads(told("HEALTHCHECK")[0].partition("CMD ")[2])
    assert entry == ["concordat"]
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for words in (json.loads(told("CMD")[0]), health[1:]):
        known = {option for parameter in group.commands[words[0]].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert set(entry) | {health[0]} == set(scripts)


def test_no_secret_is_baked_in() -> None:
    """No variable or argument of the image is called like a secret."""
    named = " ".join([*told("ENV"), *told("ARG")])
    assert re.search(r"(?i)(password|secret|token\s*=|_key|credential)\w*=", named) is None
    assert "RAY_AUTH_MODE=token" in named
