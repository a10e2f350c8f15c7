"""What agents take of memory where many share a host, beside a process for each of them.

A server on Ray makes a plan with a handful of agents, so that its hosts have everything loaded, and then one with many.
What the hosts then hold more of their own is the further agents' (unique set size: pages that nobody shares). What a
host, or everything that was started, takes in all is the proportional set size: a page that n processes share counts
1/n in each of them.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from actors.host import agent_names
from benchmarks.instances.demo_sized import demo_sized_scenario
from benchmarks.process_tree import processes_below, title_of
from benchmarks.service_doors import serving
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.domain.scenario import Scenario
from planner.events.plan_record import PlanState
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny import tiny_scenario

_PROC = Path("/proc")
_HOST_TITLE = b"ray::AgentHost"
_SAMPLE_SECONDS = 0.25
_MIB = 1 << 20
_WORK = 5
"""Rounds of bounds, at most: what agents hold, they hold after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A few agents, and the many that come to them."""

    few: Scenario
    many: Scenario


@dataclass(slots=True)
class Memory:
    """The largest seen so far, in bytes: of the hosts' own pages, of the largest host, and of everything started."""

    own: int = 0
    largest: int = 0
    all: int = 0
    counts: set[int] = field(default_factory=set)

    def sample(self, root: int) -> None:
        """Look at a process and all it started."""
        found = {pid: _memory(pid) for pid in processes_below(root)}
        hosts = [memory for pid, memory in found.items() if title_of(pid).startswith(_HOST_TITLE)]
        self.counts.add(len(hosts))
        self.own = max(self.own, sum(unique for unique, _ in hosts))
        self.largest = max(self.largest, max((shared for _, shared in hosts), default=0))
        self.all = max(self.all, sum(shared for _, shared in found.values()))


def _prepare(case: Case, _: Path | None, seed: int) -> Asked:
    few = tiny_scenario(seed, TinyParameters(impossible=0.0, clause=0.0, segments=(1, 1)))
    if case.parameters.get("sizes") == "demo":
        return Asked(few=few, many=demo_sized_scenario(seed))
    if case.parameters.get("preset"):
        return Asked(few=few, many=generate(str(case.parameters["preset"]), seed=seed))
    plants, segments = int(case.parameters["plants"]), int(case.parameters["segments"])
    parameters = TinyParameters(
        periods=(12, 12),
        plants=(plants, plants),
        segments=(segments, segments),
        customers=(4 * segments, 4 * segments),
        clause=0.35,
        impossible=0.0,
    )
    return Asked(few=few, many=tiny_scenario(seed, parameters))


def _shared(asked: Asked, watch: Stopwatch, case: Case) -> Answer:
    return asyncio.run(_measured(asked, watch, int(case.parameters["hosts"])))


def _apart(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    """Give every one of the few agents a host to itself, and count what each one after the first costs."""
    return asyncio.run(_measured(asked, watch, 1, apart=len(agent_names(asked.few))))


async def _measured(asked: Asked, watch: Stopwatch, hosts: int, *, apart: int = 0) -> Answer:
    """Plan for few agents, then for many on the same hosts, or for the same few on ``apart`` hosts."""
    few, later = len(agent_names(asked.few)), asked.few if apart else asked.many
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_scenario(asked.few, folder / "few")
        write_scenario(later, folder / "later")
        arguments = (
            *("serve", "--listen", "127.0.0.1:0", "--data", f"{folder}/data"),
            *("--runtime", "ray", "--until-stdin-closes"),
        )
        with serving("cluster.main", arguments) as server:
            async with PlanningClient(ServerAddress(server.address)) as client:
                with _watched(server.pid) as before:
                    first = await _planned(client, folder / "few", hosts)
                with _watched(server.pid) as after, watch.measure("plan"):
                    second = await _planned(client, folder / "later", apart or hosts)
    further = (apart - 1) if apart else len(agent_names(later)) - few
    return Answer(
        solution=(first, second, after.counts),
        figures={
            "agents": float(len(agent_names(later))),
            "further_agent_mib": max(0, after.own - before.own) / further / _MIB,
            "largest_host_mib": after.largest / _MIB,
            "all_mib": after.all / _MIB,
        },
    )


async def _planned(client: PlanningClient, scenario: Path, hosts: int) -> PlanState:
    parameters = PlanningParameters(gap=0.05, work_limit=_WORK, hosts=hosts)
    asked = await client.create(await client.upload(scenario), parameters)
    state = asked.state
    async for step in client.watch(asked.plan):
        if not isinstance(step, ConnectionLost):
            state = step.record.state
    return state


@contextmanager
def _watched(root: int) -> Iterator[Memory]:
    """Sample the memory of a process tree while the context lasts, and once more at its end."""
    memory, ended = Memory(), threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            memory.sample(root)

    thread = threading.Thread(target=sample, name="sampling memory", daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
        memory.sample(root)


def _memory(pid: int) -> tuple[int, int]:
    """Return the unique and the proportional set size of a process, in bytes."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0, 0  # it ended meanwhile
    kib = {parts[0]: int(parts[1]) for line in lines if len(parts := line.split()) == 3}
    unique = kib.get("Private_Clean:", 0) + kib.get("Private_Dirty:", 0)
    return unique * 1024, kib.get("Pss:", 0) * 1024


def _check(_: Asked, answer: Answer, case: Case) -> Verdict:
    """Refuse figures of plans that were not made, and of hosts that were not there."""
    if not isinstance(answer.solution, tuple):
        return Verdict(problems=("nothing was planned",))
    first, second, counts = answer.solution
    problems = [f"a plan ended {state.value}" for state in (first, second) if state is not PlanState.PLANNED]
    if max(counts, default=0) < int(case.parameters["hosts"]):
        problems.append(f"hosts of agents seen: {sorted(counts)}, where {case.parameters['hosts']} were asked for")
    return Verdict(problems=tuple(problems))


def _case(name: str, hosts: int, *suites: str, **parameters: int | str) -> Case:
    return Case(
        name=name,
        phase=Phase.MEMORY,
        suites=frozenset(suites),
        parameters={"hosts": hosts, **parameters},
        time_limit=1800.0 if name == "200-demo-sized" else 600.0,
        contenders=("shared hosts",) if name != "50-agents" else (),
    )


def _target(text: str, case: str, figure: str, most: float) -> Target:
    return Target(text=text, case=case, contender="shared hosts", figure=figure, at_most=most)


SUBJECT = Subject(
    name="agent_hosts",
    title="Memory of agents that share hosts, beside a process for each of them",
    # Each starts a server and Ray, which takes too long for smoke: the tests run the smallest one by name.
    cases=(
        _case("8-agents", 1, plants=2, segments=2),
        _case("50-agents", 1, "service", plants=30, segments=15),
        _case("200-agents", 2, "service", plants=130, segments=64),
        _case("200-demo-sized", 2, "service", sizes="demo"),
        _case("demo", 1, "service", preset="demo"),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="shared hosts", run=_shared, ours=True),
        Contender(name="a process each", run=_apart),
    ),
    peer="a process each",
    check=_check,
    targets=(
        _target("a further agent takes at most 5 MiB of its host", "200-agents", "further_agent_mib", 5.0),
        _target("a further agent of the demo takes at most 5 MiB of its host", "demo", "further_agent_mib", 5.0),
        _target("a host of 50 agents takes at most 350 MiB", "50-agents", "largest_host_mib", 350.0),
        _target("a host of the demo's agents takes at most 350 MiB", "demo", "largest_host_mib", 350.0),
        _target("200 agents, server and Ray take at most 4 GiB in all", "200-agents", "all_mib", 4096.0),
        _target("200 agents of the demo's kind of sizes, too", "200-demo-sized", "all_mib", 4096.0),
        _target("each of them takes at most 5 MiB of its host", "200-demo-sized", "further_agent_mib", 5.0),
    ),
)
