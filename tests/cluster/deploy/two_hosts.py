"""A Ray cluster on two hosts of a network, with a planning server beside its head; tells as JSON what was seen.

To be run in a network namespace of its own, with a scenario folder, a folder to work in and the work limit of the plan
as its arguments. With ``lose`` as a further argument the second host dies in the middle of the plan; with ``job`` there
is no server, and the head runs the command of the batch job.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from planner.adapters.plan_folder import read_plan
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from tests.cluster.deploy.manifests import of_kind
from tests.faults.served import PATIENCE_SECONDS, concordat_serve, descendants, processes, serving, wait_until
from tests.faults.two_networks import Switch, switch

HEAD, NODE = "10.77.0.2", "10.77.0.3"
GCS_PORT = 6379
NETWORKS = {"first": HEAD, "second": NODE}
RAY = Path(sys.executable).with_name("ray")
OBJECT_STORE_BYTES = 80_000_000


def environment() -> dict[str, str]:
    """Return what every process of the cluster is told: the token above all."""
    return {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "150",
        "CONCORDAT_RAY_ADDRESS": f"{HEAD}:{GCS_PORT}",
    }


@contextmanager
def ray_node(wires: Switch, network: str, told: dict[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Ray on a host until the context ends; nothing of it is left then."""
    command = [
        *wires.command(network, [RAY, "start"]),
        f"--node-ip-address={NETWORKS[network]}",
        "--num-cpus=1",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
        "--disable-usage-stats",
        "--block",
        *options,
    ]
    process = subprocess.Popen([*map(str, command)], env=told, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        end_with_all_below(process)


def end_with_all_below(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and everything below it; one that was ended before is left alone."""
    if process.poll() is not None:
        return
    below = descendants(process.pid)
    process.kill()
    process.wait()
    for pid in below:
        subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)


def answers(wires: Switch, network: str, address: str, port: int) -> bool:
    """Tell whether somebody listens at an address, as seen from a host."""
    knock = f"import socket; socket.create_connection(({address!r}, {port}), timeout=1).close()"
    asked = subprocess.run(
        [*map(str, wires.command(network, [sys.executable, "-c", knock]))], check=False, capture_output=True
    )
    return asked.returncode == 0


def wait_for_nodes(wires: Switch, told: dict[str, str]) -> None:
    """Wait until the cluster has as many living nodes as there are hosts."""
    count = (
        "import ray, time\n"
        f"ray.init('{HEAD}:{GCS_PORT}', log_to_driver=False, configure_logging=False)\n"
        f"while sum(node['Alive'] for node in ray.nodes()) < {len(NETWORKS)}: time.sleep(0.1)\n"
    )
    counted = [*map(str, wires.command("first", [sys.executable, "-c", count]))]
    subprocess.run(counted, env=told, check=True, timeout=PATIENCE_SECONDS, stdout=subprocess.DEVNULL)


def move_to(wires: Switch, network: str) -> None:
    """Let this process, and what it starts from now on, be on a host (``os.setns`` is newer than Python 3.11)."""
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{wires.holders[network].pid}/ns/net", os.O_RDONLY)
    try:
        assert libc.setns(namespace, 0) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(namespace)


def namespaces_of_hosts() -> dict[str, int]:
    """Return how many agent hosts live in which network namespace."""
    found: dict[str, int] = {}
    for pid, (_, command) in processes().items():
        if command.startswith(b"ray::AgentHost"):
            namespace = str(Path(f"/proc/{pid}/ns/net").readlink())
            found[namespace] = found.get(namespace, 0) + 1
    return found


def hosts_by_network(wires: Switch) -> dict[str, int]:
    """Return how many agent hosts live on which host of the network."""
    names = {str(Path(f"/proc/{holder.pid}/ns/net").readlink()): name for name, holder in wires.holders.items()}
    return {names[space]: number for space, number in namespaces_of_hosts().items() if space in names}


async def planned(
    address: str, scenario: Path, plans: Path, work: int, second: subprocess.Popen[bytes] | None
) -> dict[str, object]:
    """Have a scenario planned by a server that keeps ``plans``; ``second`` is ended once there is a first plan."""
    async with PlanningClient(ServerAddress(address)) as client:
        stored = await client.upload(scenario)
        asked = await client.create(stored, PlanningParameters(gap=0.0, work_limit=work))
        lost, last = False, None
        async for step in client.watch(asked.plan):
            if not isinstance(step, PlanStep):
                continue
            last = step
            if second is not None and not lost and step.progress is not None and step.progress.value is not None:
                await asyncio.to_thread(end_with_all_below, second)
                lost = True
        assert last is not None
        ending = last.record.ending
        assert isinstance(ending, PlanCompleted), f"the plan ended with {ending}"
    return {"plan_hash": read_plan(plans / asked.plan).summary["plan_hash"], "lost": lost}


def run_job(wires: Switch, told: dict[str, str], scenario: Path, jobs: Path, work: int) -> object:
    """Run the command of the batch job beside the head, as its manifest says, and return the hash of its plan."""
    (job,) = of_kind("RayJob")
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    plain = {each["name"]: each["value"] for each in head["env"] if "value" in each}
    shutil.copytree(scenario, jobs / "scenario")
    entry = job["spec"]["entrypoint"].replace("/var/lib/concordat/jobs", str(jobs))
    entry = re.sub(r"--time-limit \d+", f"--work-limit {work}", entry)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [*map(str, wires.command("first", ["bash", "-c", entry]))]
    subprocess.run(command, env={**told, **plain, "PATH": path}, check=True, stdout=sys.stderr, timeout=200)
    return read_plan(jobs / "plan").summary["plan_hash"]


def tell(seen: dict[str, object]) -> None:
    """Print what was seen as the last line."""
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()


def main(scenario: Path, folder: Path, work: int, how: str) -> None:
    """Start both hosts and the server, plan, and tell what was seen."""
    told = environment()
    # Paths of sockets must be short.
    place = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        wires = stack.enter_context(switch(NETWORKS))
        head = ("--head", f"--port={GCS_PORT}", "--include-dashboard=false", f"--temp-dir={place}")
        stack.enter_context(ray_node(wires, "first", told, *head))
        wait_until(lambda: answers(wires, "second", HEAD, GCS_PORT), "the head answers across the network")
        join = (f"--address={HEAD}:{GCS_PORT}", f"--temp-dir={place / 'second'}")
        second = stack.enter_context(ray_node(wires, "second", told, *join))
        wait_for_nodes(wires, told)
        if how == "job":
            plan_hash = run_job(wires, told, scenario, folder / "jobs", work)
            tell({"hosts": hosts_by_network(wires), "plan_hash": plan_hash})
            return
        command = wires.command("first", concordat_serve(folder / "data"))
        server = stack.enter_context(serving(command, told))
        move_to(wires, "first")
        wait_until(lambda: len(hosts_by_network(wires)) == len(NETWORKS), "agents live on both hosts")
        seen: dict[str, object] = {"hosts": hosts_by_network(wires)}
        plans = folder / "data" / "plans"
        seen |= asyncio.run(planned(server.address, scenario, plans, work, second if how == "lose" else None))
        seen["hosts_after"] = hosts_by_network(wires)
        tell(seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), "".join(sys.argv[4:]))
