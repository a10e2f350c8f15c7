"""What others notice of a partner that floods a guarded server: how long their own calls take, beside a quiet server.

A planner asks for a plan some times a second, as slowly as everyone may. Beside it a partner asks ten times as often as
the server lets it, or as often as it can. A flooder in a process of its own takes processor time by itself, whatever
the server does: so the peer is a process that burns as much and reaches nothing.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.flooder import Flood, flooded, paced_latencies
from benchmarks.peers.token_issuer import AUDIENCE, ISSUER, TokenIssuer
from benchmarks.service_doors import Serving, serving
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.credentials import Credentials
from planner.client.planning_client import PlanningClient
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate

_ALLOWED_PER_SECOND = 50
_LEAST_REFUSED = 0.5


@dataclass(frozen=True, slots=True)
class Door:
    """A guarded server, and tokens of a planner and of a partner."""

    server: Serving
    planner: str
    partner: str


def _prepare(_: Case, __: Path | None, ___: int) -> None:
    """Every contender starts a server of its own."""


def _alone(_: None, watch: Stopwatch, case: Case) -> Answer:
    return asyncio.run(_measured(watch, case, flooding=False, beside=False))


def _burned(_: None, watch: Stopwatch, case: Case) -> Answer:
    return asyncio.run(_measured(watch, case, flooding=False, beside=True))


def _flooded(_: None, watch: Stopwatch, case: Case) -> Answer:
    return asyncio.run(_measured(watch, case, flooding=True, beside=True))


async def _measured(watch: Stopwatch, case: Case, *, flooding: bool, beside: bool) -> Answer:
    with tempfile.TemporaryDirectory() as scratch:
        issuer, folder = TokenIssuer(), Path(scratch)
        (folder / "keys.pem").write_bytes(issuer.public_pem)
        arguments = (
            *("serve", "--listen", "127.0.0.1:0", "--data", f"{scratch}/data", "--runtime", "local"),
            *("--jwt-keys", f"{scratch}/keys.pem", "--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER),
            "--until-stdin-closes",
        )
        with serving("cluster.main", arguments) as server:
            door = Door(server, issuer.token("ana", "planner"), issuer.token("clerk", "partner", "acme"))
            plan = await _planned(door, folder)
            in_flight = int(case.parameters["in_flight"])
            if not beside:
                return _told(await _latencies(door, plan, watch, case), None, server, 0.0)
            if flooding:
                command = (server.address, door.partner)
                rate = float(case.parameters["times"]) * _ALLOWED_PER_SECOND
            else:
                command, rate = ("-", "-"), float(case.parameters["share"])
            with flooded(*command, rate=rate, in_flight=in_flight) as flood:
                await asyncio.sleep(float(case.parameters["warming"]))
                before, began = server.cpu_seconds(), time.perf_counter()
                taken = await _latencies(door, plan, watch, case)
                used = ((server.cpu_seconds() or 0.0) - (before or 0.0)) / (time.perf_counter() - began)
            return _told(taken, flood, server, used)


async def _planned(door: Door, folder: Path) -> str:
    """Return a plan that is there to be asked for."""
    write_scenario(generate("tiny", seed=1), folder / "scenario")
    async with PlanningClient(ServerAddress(door.server.address, None, Credentials(token=door.planner))) as client:
        asked = await client.create(await client.upload(folder / "scenario"), PlanningParameters())
        async for _ in client.watch(asked.plan):
            pass
    return asked.plan


async def _latencies(door: Door, plan: str, watch: Stopwatch, case: Case) -> list[float]:
    calls, per_second = int(case.parameters["calls"]), float(case.parameters["per_second"])
    with watch.measure("calls"):
        return await paced_latencies(door.server.address, door.planner, plan, calls=calls, per_second=per_second)


def _told(taken: list[float], flood: Flood | None, server: Serving, used: float) -> Answer:
    p50, p95 = np.quantile(taken, (0.5, 0.95))
    figures = {"p50_s": float(p50), "p95_s": float(p95), "server_share": used}
    if flood is not None:
        answered = sum(flood.statuses.values())
        figures |= {
            "flooder_share": flood.share,
            "flooder_calls": float(answered),
            "flooder_refused": flood.statuses["RESOURCE_EXHAUSTED"] / max(1, answered),
        }
    return Answer(solution=(len(taken), server.pid), figures=figures)


def _check(_: None, answer: Answer, case: Case) -> Verdict:
    """Refuse a run in which calls of the planner are missing, or the flooder was let in."""
    count = answer.solution[0] if isinstance(answer.solution, tuple) else 0
    problems = []
    if count != int(case.parameters["calls"]):
        problems.append(f"{count} of {case.parameters['calls']} calls were answered")
    if answer.figures.get("flooder_calls") and answer.figures["flooder_refused"] < _LEAST_REFUSED:
        problems.append(f"the flooder was let in: only {answer.figures['flooder_refused']:.0%} were refused")
    return Verdict(problems=tuple(problems))


def _case(name: str, times: float, share: float, calls: int, *suites: str) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={
            "times": times,
            "share": share,
            "in_flight": 200,
            "calls": calls,
            "per_second": 25.0,
            "warming": 3.0,
        },
        time_limit=120.0,
    )


SUBJECT = Subject(
    name="service_bulkhead",
    title="What others notice of a partner that floods, beside a process that burns as much and reaches nothing",
    # How much of a processor the burning process takes is what the flooder was seen to take.
    cases=(
        _case("ten-times", 10.0, 0.15, 500, "service"),
        _case("all-it-can", 0.0, 0.15, 500, "service"),
        _case("tiny", 10.0, 0.15, 25),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="flooded", run=_flooded, ours=True),
        Contender(name="alone", run=_alone),
        Contender(name="burned", run=_burned),
    ),
    peer="burned",
    check=_check,
    targets=tuple(
        Target(
            text=f"others' calls at most 20 % slower beside a partner that floods ({case}, {figure})",
            case=case,
            contender="flooded",
            figure=figure,
            against="burned",
            at_most=1.2,
        )
        for case in ("ten-times", "all-it-can")
        for figure in ("p50_s", "p95_s")
    ),
)
