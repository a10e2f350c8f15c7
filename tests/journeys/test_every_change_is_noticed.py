"""More than two hundred single changes to a plan, its certificate or its scenario: verification refuses every one.

Changes under the old hashes show that nothing is too small to be noticed; changes with hashes and seal made to fit
show that the recomputation notices, not the hashes. What a run of the verifier recomputes from parts that a change
leaves alone is remembered here from the change before, part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actors.certify import certify
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.simulation.generate import generate
from planner.verification.check_summary import scenario_breaches
from tests.patient_verifier import patient_verifier
from tests.plan_changes import (
    cell_changes,
    certificate_changes,
    dual_changes,
    price_changes,
    quantity_changes,
    row_changes,
    sealed_cell_changes,
    summary_changes,
)
from tests.planning import plan_in_process
from tests.scenario_changes import scenario_changes

SEED = 2
PLAN_CHANGES = (
    cell_changes,
    row_changes,
    quantity_changes,
    price_changes,
    sealed_cell_changes,
    summary_changes,
    certificate_changes,
    dual_changes,
)
Changes = Callable[[Plan], Iterator[tuple[str, Plan]]]


@cache
def tiny() -> Scenario:
    """A tiny scenario with several leaves in its certificate."""
    return generate("tiny", seed=SEED)


@cache
def tiny_plan() -> Plan:
    """Its plan, every table of which has rows."""
    with TemporaryDirectory() as folder:
        plan = plan_in_process(tiny(), Path(folder) / "plan").plan
    assert plan is not None
    return plan


@cache
def changed_plans(changes: Changes) -> tuple[tuple[str, Plan], ...]:
    """The plan's changes of one kind."""
    return tuple(changes(tiny_plan()))


@cache
def changed_scenarios() -> tuple[tuple[str, Scenario], ...]:
    """The scenario's changes."""
    return tuple(scenario_changes(tiny()))


@pytest.fixture(scope="module", autouse=True)
def _patience() -> Iterator[None]:
    """Let the verifier remember what it recomputed from the same tables."""
    with patient_verifier():
        yield


def test_the_plan_itself_holds() -> None:
    """Without a change there is nothing to notice, and every table has rows to change."""
    assert certify(tiny(), tiny_plan()).breaches == ()
    assert all(frame.height for frame in tiny_plan().tables.values())


@pytest.mark.parametrize("changes", PLAN_CHANGES)
def test_every_change_to_a_plan_is_noticed(changes: Changes) -> None:
    """No single change to tables, prices, multipliers, certificate or `plan.json` leaves a plan that holds."""
    passed = [name for name, changed in changed_plans(changes) if certify(tiny(), changed).holds]
    assert passed == []


def test_every_change_to_a_scenario_is_noticed() -> None:
    """A plan is refused for a scenario that differs in anything, told first of all."""
    passed = [name for name, changed in changed_scenarios() if not scenario_breaches(changed, tiny_plan())]
    assert passed == []


@pytest.mark.parametrize("table", ["orders", "recipes", "supplies"])
def test_verification_as_a_whole_names_the_other_scenario_first(table: str) -> None:
    """The same through the whole verifier: whatever else follows, another scenario is the first thing named."""
    name, changed = next((n, s) for n, s in changed_scenarios() if n.startswith(f"{table}["))
    first = certify(changed, tiny_plan()).breaches[0]
    assert (first.rule, first.where) == ("hash", "scenario_hash"), name


def test_there_are_more_than_two_hundred_changes_and_every_table_is_among_them() -> None:
    """Changes count once by what they change; every plan table, every scenario table and the certificate have some."""
    plans = [name for changes in PLAN_CHANGES for name, _ in changed_plans(changes)]
    scenarios = [name for name, _ in changed_scenarios()]
    assert len(set(plans)) == len(plans) >= 200
    assert len(set(scenarios)) == len(scenarios) >= 100
    for table in tiny_plan().tables:
        assert any(name.startswith(table) for name in plans) or table == "duals"
    assert any(name.startswith("multipliers") for name in plans)
