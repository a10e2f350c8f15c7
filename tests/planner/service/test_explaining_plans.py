"""ExplainPlan over real sockets and a real log, behind it a scripted runtime: told at once, planned only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.console.reading import Record, number, record, records
from planner.domain.errors import InvalidRequest, NotFound, PlanNotReady
from planner.domain.relaxation import Relaxation
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.gateway import LONG, Knock, at, first_value, seen
from tests.scenario_builder import small_scenario

LOOSER = (Relaxation("brand/budget", amount=1.0),)
WITHOUT = (Relaxation("brand/territory"), Relaxation("dist/parity", share=0.5))
CONFLICT = Script(
    outcome=Outcome.INFEASIBLE,
    conflict=("brand/budget", "dist/volume"),
    relaxation=(("brand/budget", 0.5), ("dist/volume", 1.0)),
    terms=(("brand/budget", "C-brand", "budget", "at most 1.2"), ("dist/volume", "C-dist", "volume", "at least 6")),
    repairs=(("dist/volume", 2.0), ("brand/budget", 0.75)),
)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a server."""
    return tmp_path / "data"


async def planned(knock: Knock, scenario: Path, parameters: PlanningParameters | None = None) -> str:
    """Have the scenario planned to its end; return the plan's id."""
    asked = await knock.client.create(await knock.client.upload(scenario), parameters or PlanningParameters())
    await seen(knock, asked.plan)
    return asked.plan


async def finished(knock: Knock, answer: Record) -> None:
    """Follow the operation of a counterfactual to its end."""
    await seen(knock, str(answer["operation"]).removeprefix("operations/"))


def test_an_explanation_tells_orders_and_budgets_at_once(data: Path, scenario: Path) -> None:
    """A plan without any decision leaves every order short and every budget unspent, and nothing else is planned."""

    async def visit(knock: Knock) -> None:
        told = await knock.client.explain(await planned(knock, scenario))
        orders = [short for short in records(told["shortfalls"]) if short["kind"] == "order"]
        assert [short["id"] for short in orders] == ["A1", "A2", "B1", "B2"]
        assert all(short["short"] == short["ordered"] and short["text"] for short in orders)
        assert {use["clause"] for use in records(told["budgets"])} == {"brand/budget", "brand/floor"}
        assert (told["currency"], told["value"], told["priced"]) == ("EUR", 3.0, False)
        assert len(knock.runtime.received) == 1

    at(data, Script(), visit)


def test_counterfactuals_are_operations_of_their_own_and_are_told_once_done(data: Path, scenario: Path) -> None:
    """Each is planned once, from the plan, with its parameters, on a scenario of its own; then it has its interval."""

    async def visit(knock: Knock) -> None:
        plan = await planned(knock, scenario, PlanningParameters(gap=0.02, work_limit=9, seed=5))
        first = records((await knock.client.explain(plan, [LOOSER, WITHOUT]))["counterfactuals"])
        assert "change" not in first[1]
        for answer in first:
            await finished(knock, answer)
        told = records((await knock.client.explain(plan, [LOOSER, WITHOUT]))["counterfactuals"])
        assert [answer["operation"] for answer in told] == [answer["operation"] for answer in first]
        assert [answer["state"] for answer in told] == ["PLANNED", "PLANNED"]
        assert len({told[0]["scenario"], told[1]["scenario"]}) == 2
        for answer in told:
            change = record(answer["change"])
            assert (change["lower"], change["upper"], answer["helps"]) == (0.0, 0.0, False)
        assert len(knock.runtime.received) == 3
        assert {(asked.gap, asked.work_limit, asked.seed) for _, asked in knock.runtime.received} == {(0.02, 9, 5)}
        assert [Path(asked.base_plan).name for _, asked in knock.runtime.received] == ["", plan, plan]

    at(data, Script(), visit)


def test_a_restarted_server_remembers_what_was_asked(data: Path, scenario: Path) -> None:
    """The same question to the next server on the same data finds the plans of the first, and plans nothing."""
    plans: list[str] = []

    async def first(knock: Knock) -> None:
        plans.append(await planned(knock, scenario))
        (answer,) = records((await knock.client.explain(plans[0], [LOOSER]))["counterfactuals"])
        await finished(knock, answer)

    async def second(knock: Knock) -> None:
        (answer,) = records((await knock.client.explain(plans[0], [LOOSER]))["counterfactuals"])
        assert answer["state"] == "PLANNED"
        assert knock.runtime.received == []

    at(data, Script(), first)
    at(data, Script(), second)


def test_counterfactuals_of_a_timed_plan_do_not_wait_in_a_queue(data: Path, scenario: Path) -> None:
    """Where waiting would use up the time limit, the second is begun by the call after the first was done."""

    async def visit(knock: Knock) -> None:
        plan = await planned(knock, scenario, PlanningParameters(time_limit=30.0))
        first, second = records((await knock.client.explain(plan, [LOOSER, WITHOUT]))["counterfactuals"])
        assert first["operation"]
        assert not second["operation"]
        await finished(knock, first)
        _, second = records((await knock.client.explain(plan, [LOOSER, WITHOUT]))["counterfactuals"])
        assert second["operation"]

    at(data, Script(), visit)


def test_a_conflict_is_told_in_contract_language_with_its_repairs(data: Path, scenario: Path) -> None:
    """An infeasible plan names what cannot hold together; repairs are planned only if that is asked for."""

    async def visit(knock: Knock) -> None:
        plan = await planned(knock, scenario)
        told = await knock.client.explain(plan)
        assert [term["subject"] for term in records(told["conflict"])] == ["brand/budget", "dist/volume"]
        assert [term["contract"] for term in records(told["conflict"])] == ["C-brand", "C-dist"]
        assert not any(repair["operation"] for repair in records(told["repairs"]))
        asked = [records(repair["changes"])[0] for repair in records(told["repairs"])]
        assert [(change["clause"], number(change["amount"])) for change in asked] == list(CONFLICT.repairs)
        told = await knock.client.explain(plan, repairs=True)
        for repair in records(told["repairs"]):
            await finished(knock, repair)
        told = await knock.client.explain(plan, repairs=True)
        assert [repair["state"] for repair in records(told["repairs"])] == ["INFEASIBLE", "INFEASIBLE"]
        assert len(knock.runtime.received) == 3

    at(data, CONFLICT, visit)


def test_a_conflict_that_no_single_clause_repairs_is_repaired_together(data: Path, scenario: Path) -> None:
    """Without a clause that suffices alone, the cheapest joint change is the one repair."""
    together = Script(
        outcome=CONFLICT.outcome, conflict=CONFLICT.conflict, relaxation=CONFLICT.relaxation, terms=CONFLICT.terms
    )

    async def visit(knock: Knock) -> None:
        (repair,) = records((await knock.client.explain(await planned(knock, scenario)))["repairs"])
        assert [change["clause"] for change in records(repair["changes"])] == ["brand/budget", "dist/volume"]

    at(data, together, visit)


def test_what_cannot_be_explained_is_refused_with_the_reason(data: Path, scenario: Path) -> None:
    """Unknown plans, plans that still run, unknown clauses and changes without an amount are errors of the caller."""

    async def visit(knock: Knock) -> None:
        with pytest.raises(NotFound):
            await knock.client.explain("nobody-asked-for-this")
        asked = await knock.client.create(await knock.client.upload(scenario), PlanningParameters())
        await first_value(knock, asked.plan)
        with pytest.raises(PlanNotReady, match="watch its operation"):
            await knock.client.explain(asked.plan)
        await knock.client.cancel(asked.plan)
        await seen(knock, asked.plan)
        with pytest.raises(InvalidRequest, match="no clause 'unheard'"):
            await knock.client.explain(asked.plan, [(Relaxation("unheard", amount=1.0),)])
        with pytest.raises(InvalidRequest, match="brand/territory=drop"):
            await knock.client.explain(asked.plan, [(Relaxation("brand/territory", amount=1.0),)])

    at(data, LONG, visit)
