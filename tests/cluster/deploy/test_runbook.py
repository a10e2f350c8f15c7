"""The runbook is run: its commands as they stand, on real servers, after the faults that it is about."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.own_postgres import NoPostgres, own_postgres, programs
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.events.catalogue import PlanCompleted, PlanEnding, PlanFailed
from planner.ports.planning_runtime import GIVEN_UP, PlanningParameters
from tests.cluster.deploy.manifests import ROOT, of_kind, pods
from tests.cluster.deploy.runbook import Machine, blocks, machine, sections
from tests.door_keys import AUDIENCE, ISSUER, Authority, jwk, token
from tests.faults.served import descendants, processes, wait_until
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.scenario_builder import small_scenario

STOP_AND_START = "Stop and start the server"
SEED, WORK = 5, 20
LONG = PlanningParameters(gap=0.0, work_limit=WORK)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Machine]:
    """Give a machine with settings of a server that plans without Ray."""
    with machine(tmp_path / "machine") as made:
        made.settings()
        yield made


def start(place: Machine) -> None:
    """Start the server as the runbook does."""
    (block,) = blocks(STOP_AND_START)
    place.run([line for line in block if line.startswith(("concordat", "until"))])


async def asked(place: Machine, scenario: Path, request: str, parameters: PlanningParameters | None = None) -> str:
    """Ask for a plan and return its id."""
    async with PlanningClient(ServerAddress(place.address)) as client:
        stored = await client.upload(scenario)
        return (await client.create(stored, parameters or PlanningParameters(), request_id=request)).plan


async def ended(place: Machine, plan: str) -> PlanEnding | None:
    """Follow a plan to its end."""
    async with PlanningClient(ServerAddress(place.address)) as client:
        steps = [step async for step in client.watch(plan) if isinstance(step, PlanStep)]
    return steps[-1].record.ending


async def under_way(place: Machine, plan: str) -> None:
    """Wait until a plan has a first value."""
    async with PlanningClient(ServerAddress(place.address)) as client:
        async for step in client.watch(plan):
            if isinstance(step, PlanStep) and step.progress is not None and step.progress.value is not None:
                return


def planned(place: Machine, scenario: Path, request: str) -> str:
    """Have a plan made and return its id."""
    plan = asyncio.run(asked(place, scenario, request))
    assert isinstance(asyncio.run(ended(place, plan)), PlanCompleted)
    return plan


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small scenario."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    return tmp_path / "scenario"


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """Return the folder of a scenario that takes some seconds."""
    write_scenario(middling_scenario(SEED), tmp_path / "longer")
    return tmp_path / "longer"


def undisturbed(folder: Path) -> object:
    """Return the hash of the plan of that scenario when nothing happens to it."""
    plan = plan_in_process(middling_scenario(SEED), folder / "here", LONG).plan
    assert plan is not None
    return plan.summary["plan_hash"]


@pytest.mark.slow
def test_looking_and_restarting(place: Machine, scenario: Path) -> None:
    """The first look tells the server, its plans and its log; a restart is another process on the same plans."""
    start(place)
    plan, first = planned(place, scenario, "r-1"), place.server
    (look,) = blocks("Look first")
    seen = place.run(look)
    assert "serves: concordat" in seen
    assert plan in seen
    assert "PlanCompleted" in seen
    (restart,) = blocks(STOP_AND_START)
    assert f"{place.address}: serving" in place.run(restart)
    assert place.server != first
    assert asyncio.run(asked(place, scenario, "r-1")) == plan


def test_a_poison_request_is_given_up_and_explained(place: Machine, scenario: Path, longer: Path) -> None:
    """A request whose worker is killed every time fails by a code, is not begun again, and others go on."""
    start(place)
    plan = asyncio.run(asked(place, longer, "r-1", LONG))
    killed: set[int] = set()

    def kill_the_next() -> bool:
        for pid in descendants(place.server) - killed:
            if b"local_worker" in processes().get(pid, (0, b""))[1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        return len(killed) >= 3

    wait_until(kill_the_next, "three workers were killed over the request")
    ending = asyncio.run(ended(place, plan))
    assert isinstance(ending, PlanFailed)
    assert ending.detail.startswith(f"{GIVEN_UP}: ")
    explain, cancel = blocks("Poison request")
    seen = place.run(explain, PLAN=plan)
    assert GIVEN_UP in seen
    assert "PlanFailed" in seen
    planned(place, scenario, "r-2")
    assert asyncio.run(asked(place, longer, "r-1", LONG)) == plan
    running = asyncio.run(asked(place, longer, "r-3", PlanningParameters(gap=0.0, time_limit=600.0)))
    asyncio.run(under_way(place, running))
    place.run(cancel, PLAN=running)
    asyncio.run(ended(place, running))


def test_a_backup_on_sqlite_is_restored(place: Machine, scenario: Path) -> None:
    """After a restore the plans of the backup are there, later ones are not, and may be asked for again."""
    start(place)
    plan = planned(place, scenario, "r-1")
    (backup,) = blocks("Back up", "concordat")
    assert "plans: 1" in place.run(backup)
    later = planned(place, scenario, "r-2")
    (restore,) = (block for block in blocks("Restore from backup", "kill") if not any("pg_" in line for line in block))
    seen = place.run(restore)
    assert plan in seen
    assert later not in seen
    assert asyncio.run(asked(place, scenario, "r-1")) == plan
    assert read_plan(place.data / "plans" / plan).summary["plan_hash"]
    assert planned(place, scenario, "r-2") != later


@pytest.mark.slow
def test_a_backup_on_postgresql_is_restored(tmp_path: Path, scenario: Path) -> None:
    """Log and folders, taken one after the other, come back together."""
    try:
        programs()
    except NoPostgres as why:
        pytest.skip(f"not tested on PostgreSQL: {why}")
    if missing := [name for name in ("pg_dump", "pg_restore") if shutil.which(name) is None]:
        pytest.skip(f"not tested on PostgreSQL: there is no program {missing[0]}")
    with own_postgres() as server, machine(tmp_path / "machine", CONCORDAT_DATABASE=server.url) as place:
        place.settings()
        start(place)
        plan = planned(place, scenario, "r-1")
        (backup,) = blocks("Back up", "pg_dump")
        assert "pg_dump took" in place.run(backup)
        later = planned(place, scenario, "r-2")
        (restore,) = (block for block in blocks("Restore from backup", "kill") if any("pg_" in line for line in block))
        place.run(restore)
        assert asyncio.run(asked(place, scenario, "r-1")) == plan
        assert asyncio.run(asked(place, scenario, "r-2")) != later


@pytest.mark.slow
def test_keys_of_tokens_are_rotated_without_a_restart(place: Machine, tmp_path: Path) -> None:
    """While both keys are in the file both tokens are served, then only the new one's; the audit log holds."""
    for name, keys in (("old", ["first"]), ("old-and-new", ["first", "second"]), ("new", ["second"])):
        content = json.dumps({"keys": [jwk(key) for key in keys]})
        (place.folder / f"keys-{name}.json").write_text(content, encoding="utf-8")
    file = place.folder / "etc/concordat/identity/keys.json"
    shutil.copy(place.folder / "keys-old.json", file)
    for name, key in (("old", "first"), ("new", "second")):
        (place.folder / f"token-by-{name}-key").write_text(token("op", "operator", kid=key), encoding="utf-8")
    place.settings(jwt_keys=file, jwt_audience=AUDIENCE, jwt_issuer=ISSUER)
    start(place)
    first = place.server
    (rotate,) = blocks("Rotate keys", "cp")
    seen = place.run(rotate)
    assert "serves: concordat" in seen
    assert place.server == first
    (audit,) = [block for block in blocks("Restore from backup", "concordat") if "audit" in block[0]]
    assert "the chain holds" in place.run(audit)


@pytest.mark.slow
def test_the_certificate_of_the_door_is_rotated(place: Machine) -> None:
    """After the new files are in place and the server was started anew, it shows the new certificate and no other."""
    authority, other = Authority(place.folder, "new-ca"), place.folder / "other"
    other.mkdir()
    for folder, signing in (("etc/concordat/tls", authority), ("", Authority(other))):
        (place.folder / folder).mkdir(exist_ok=True)
        for file in signing.certificate("server", "127.0.0.1"):
            file.rename(place.folder / folder / f"{'' if folder else 'new-'}tls{file.suffix}")
    tls = place.folder / "etc/concordat/tls"
    place.settings(tls_cert=tls / "tls.crt", tls_key=tls / "tls.key")
    authority.file.rename(place.folder / "new-ca.crt")
    (rotate,) = blocks("Rotate keys", "mv")
    place.run([line for line in rotate if line.startswith(("concordat", "until"))])
    first = place.server
    (place.folder / "new-ca.crt").rename(place.folder / "old-ca.crt")
    (other / "authority.pem").rename(place.folder / "new-ca.crt")
    assert f"{place.address}: serving" in place.run(rotate)
    assert place.server != first
    place.run([f"concordat status --health --server {place.address} --tls-ca old-ca.crt  # exits with 5"])


@pytest.mark.slow
def test_a_lost_head_costs_no_plan(tmp_path: Path, longer: Path) -> None:
    """The head of a server is killed in the middle of a plan: after the restart it ends as the undisturbed one."""
    with machine(tmp_path / "machine", TEST_RUNTIME="ray") as place:
        place.settings()
        start(place)
        plan = asyncio.run(asked(place, longer, "r-1", LONG))
        asyncio.run(under_way(place, plan))
        place.note_server()
        heads = [pid for pid in descendants(place.server) if b"gcs_server" in processes().get(pid, (0, b""))[1]]
        assert heads
        for pid in heads:
            os.kill(pid, signal.SIGKILL)
        (restart,) = blocks(STOP_AND_START)
        place.run(restart)
        assert isinstance(asyncio.run(ended(place, plan)), PlanCompleted)
        assert read_plan(place.data / "plans" / plan).summary["plan_hash"] == undisturbed(tmp_path)


def _kubectl() -> list[str]:
    page = (ROOT / "docs" / "how-to" / "deploy-on-a-cluster.md").read_text(encoding="utf-8")
    lines = [line for section in sections().values() for block in section for line in block]
    lines += [line for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    return [part.strip() for line in lines for part in line.split("|") if part.strip().startswith("kubectl")]


def test_names_in_commands_for_kubernetes_exist() -> None:
    """What `kubectl` is told to act on is in the manifests: deployments, containers, labels, Secrets and folders."""
    deployments = {each["metadata"]["name"] for each in of_kind("Deployment")}
    labels = {f"{key}={value}" for pod in pods() for key, value in pod.labels.items()}
    containers = {container["name"] for pod in pods() for container in pod.containers}
    secrets = {
        volume["secret"]["secretName"] for pod in pods() for volume in pod.spec["volumes"] if "secret" in volume
    } | {
        each["valueFrom"]["secretKeyRef"]["name"]
        for pod in pods()
        for container in pod.containers
        for each in container["env"]
        if "valueFrom" in each
    }
    commands = [shlex.split(line) for line in _kubectl()]
    assert len(commands) > 15
    for words in commands:
        assert words[1:3] == ["-n", "concordat"] or words[1] in {"apply", "create"}, words
        for word, after in zip(words, [*words[1:], ""], strict=True):
            if word.startswith("deployment/"):
                assert word.removeprefix("deployment/") in deployments
            if word.startswith("--container="):
                assert word.removeprefix("--container=") in containers
            if word == "-l":
                assert after in labels
            if word == "generic":
                assert after in secrets
            if word == "-k":
                assert (ROOT / after / "kustomization.yaml").is_file()


def test_every_trouble_has_its_section() -> None:
    """The runbook tells of a lost head, a lost node, a poison request, backup, restore and rotating keys."""
    told = {"Lost head", "Lost node", "Poison request", "Back up", "Restore from backup", "Rotate keys"}
    assert told <= set(sections())
    assert all(sections()[title] for title in told)
