"""One plan of real agents, seen from outside: its trace, its figures, its log, and that no customer is in them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from cluster.gateway import running_gateway
from cluster.runtimes import make_runtime
from cluster.settings import GatewaySettings
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.scenario import Scenario
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import DoorSettings
from planner.simulation.generate import generate
from tests.planning import plan_in_process
from tests.telemetry_kept import Kept, logged

CREATE = "concordat.planning.v1.PlanningService/CreatePlan"


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan that was made under watch."""

    scenario: Scenario
    kept: Kept
    log: list[dict[str, object]]
    plan: str
    plan_hash: str

    def only(self, name: str) -> ReadableSpan:
        """Return the one span of a name in the plan's own trace."""
        (span,) = [span for span in self.of_plan() if span.name == name]
        return span

    def of_plan(self) -> list[ReadableSpan]:
        """Return the spans of the trace that holds the plan."""
        (plan,) = self.kept.spans("plan")
        return [span for span in self.kept.spans() if span.context.trace_id == plan.context.trace_id]

    def below(self, parent: ReadableSpan) -> list[ReadableSpan]:
        """Return the parts of a span."""
        return [span for span in self.of_plan() if span.parent and span.parent.span_id == parent.context.span_id]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what was told while a server with agents of its own made one plan."""
    folder = tmp_path_factory.mktemp("watched")
    scenario, kept = generate("tiny", seed=3), Kept()
    write_scenario(scenario, folder / "scenario")
    telemetry = kept.telemetry

    async def plan() -> tuple[str, str]:
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=folder / "data", runtime="local")
        async with (
            running_gateway(settings, make_runtime, telemetry) as address,
            PlanningClient(ServerAddress(address)) as client,
        ):
            stored = await client.upload(folder / "scenario")
            asked = await client.create(stored, PlanningParameters(), request_id="monday")
            step = [step async for step in client.watch(asked.plan)][-1]
            assert isinstance(step, PlanStep)
            assert isinstance(step.record.ending, PlanCompleted)
            return asked.plan, step.record.ending.plan_hash

    with logged(telemetry.traces.current) as stream:
        name, plan_hash = asyncio.run(asyncio.wait_for(plan(), 120))
    return Seen(scenario, kept, [json.loads(line) for line in stream.getvalue().splitlines()], name, plan_hash)


def test_one_trace_holds_the_request_the_queue_the_run_and_its_steps(seen: Seen) -> None:
    """Request, plan, queue, run, rounds, agents and solves stand in one trace, each below what it is a part of."""
    request, plan, queue, run = (seen.only(name) for name in (CREATE, "plan", "queue", "run"))
    assert request.parent is None
    assert plan.parent is not None
    assert plan.parent.span_id == request.context.span_id
    assert {span.name for span in seen.below(plan)} == {"queue", "run"}
    assert {span.name for span in seen.below(run)} == {"round", "solve"}
    assert seen.below(queue) == []
    assert {span.name for span in seen.of_plan()} == {CREATE, "plan", "queue", "run", "round", "agent", "solve"}


def test_rounds_tell_how_many_agents_they_asked(seen: Seen) -> None:
    """Every agent of the scenario is asked to formulate in one round, whose parts are the answers that took long."""
    rounds = [span for span in seen.of_plan() if span.name == "round"]
    (formulating,) = [span for span in rounds if span.attributes["concordat.message"] == "Formulate"]
    agents = sum(seen.scenario[table].height for table in ("plants", "partners", "segments"))
    assert formulating.attributes["concordat.agents"] == agents
    answers = [span for span in seen.of_plan() if span.name == "agent"]
    assert {span.attributes["concordat.agent"].partition(":")[0] for span in answers} <= {"plant", "partner", "segment"}
    for answer in answers:
        around = [r for r in rounds if answer.parent is not None and r.context.span_id == answer.parent.span_id]
        assert len(around) == 1


def test_steps_lie_within_their_run(seen: Seen) -> None:
    """Rounds and solves begin and end while the run goes on, give or take what a message between processes takes."""
    run, slack = seen.only("run"), 1_000_000_000
    steps = seen.below(run)
    assert len(steps) > 5
    assert all(run.start_time - slack <= span.start_time <= span.end_time <= run.end_time + slack for span in steps)


def test_figures_tell_of_the_plan(seen: Seen) -> None:
    """Requests, ended plans, rounds, solves and the cache of findings are counted, and nothing waits in the end."""
    figure = seen.kept.figure
    assert figure("concordat_requests_total", method="CreatePlan", code="OK") == 1
    assert figure("concordat_request_duration_seconds_count", method="CreatePlan") == 1
    assert figure("concordat_requests_active", method="CreatePlan") == 0
    assert figure("concordat_plans_ended_total", state="planned") == 1
    assert figure("concordat_plan_gap_ratio_count") == 1
    assert figure("concordat_round_duration_seconds_count", message="Formulate") == 1
    assert (figure("concordat_solve_duration_seconds_count", termination="optimal") or 0) >= 1
    assert figure("concordat_cache_hits_total", cache="findings") == 1
    assert figure("concordat_queue_length") == 0
    assert figure("concordat_plans", state="running") == 0
    assert (figure("process_resident_memory_bytes") or 0) > 1e6


def test_log_lines_carry_the_ids_that_connect_them(seen: Seen) -> None:
    """The line about the plan's end names plan, request and trace."""
    (ended,) = [line for line in seen.log if line["event"] == "plan ended"]
    trace = format(seen.only("plan").context.trace_id, "032x")
    assert (ended["plan"], ended["request_id"], ended["trace_id"]) == (seen.plan, "monday", trace)
    assert ended["level"] == "info"


def test_no_customer_is_named_in_what_is_told(seen: Seen) -> None:
    """No customer's id of the scenario stands in the log, in a span or in a label."""
    customers = seen.scenario["customers"]["customer"].to_list()
    assert len(customers) == 8
    told = [json.dumps(seen.log), seen.kept.metrics.text(), *(span.to_json() for span in seen.kept.spans())]
    assert [customer for customer in customers if any(customer in text for text in told)] == []


def test_the_plan_is_the_one_that_nobody_watched(seen: Seen, tmp_path: Path) -> None:
    """Planning the same scenario without any telemetry gives the same plan hash."""
    unwatched = plan_in_process(seen.scenario, tmp_path / "plan").plan
    assert unwatched is not None
    assert unwatched.summary["plan_hash"] == seen.plan_hash
